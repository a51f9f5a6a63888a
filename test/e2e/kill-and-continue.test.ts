/** A campaign that is killed in the middle of a trial, continued, interrupted, continued again: nothing that was finished changes. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { WireTrial } from '../../src/contract/trial.ts';
import { ROOT, runCli, startCli, temporaryFolder, trialsOf, untilShown } from '../support/run-cli.ts';

/** Small enough for a second per trial, real enough to train, quantize, plan and emit. */
const CAMPAIGN = `
name: kill-me
objectives:
  - {metric: accuracy, direction: maximize, reference: 0}
  - {metric: romBytes, direction: minimize, reference: 1500000}
space:
  - {name: width1, type: int, low: 2, high: 8, step: 2}
  - {name: width2, type: int, low: 4, high: 16, step: 4}
  - {name: width3, type: int, low: 8, high: 32, step: 8}
  - {name: format, type: categorical, choices: [int8, uint8]}
  - {name: epochs, type: float, low: 0.4, high: 0.4}
sampler: {kind: sobol, seed: 3}
evaluation:
  kind: compression
  model: ${path.join(ROOT, 'examples', 'lenet-mnist', 'lenet-mnist.onnx')}
  dataset: {kind: builtin, name: mnist, limit: 1000, testLimit: 100}
  board: pico
  parallel: 2
`;

function finished(trials: readonly WireTrial[]): WireTrial[] {
  return trials.filter((trial) => trial.state === 'completed' || trial.state === 'infeasible');
}

describe('a campaign', () => {
  it('survives kill -9 and Ctrl-C: the same command continues, and no result is lost or changed', async (test) => {
    const folder = temporaryFolder(test);
    const file = path.join(folder, 'campaign.yaml');
    const data = path.join(folder, 'data');
    writeFileSync(file, CAMPAIGN);
    const command = (trials: number): string[] => ['run', file, '--trials', String(trials), '--data', data, '--json'];

    const killed = startCli(command(6));
    await untilShown(killed, /trial \d+ completed/);
    killed.child.kill('SIGKILL');
    await killed.result;
    const beforeKill = finished(await trialsOf('kill-me', data));
    assert.ok(beforeKill.length >= 1);

    const continued = await runCli(command(6));
    assert.equal(continued.code, 0, continued.stderr);
    const answer = JSON.parse(continued.stdout) as { trials: number; state: string; front: { artifacts: string[] }[] };
    assert.deepEqual([answer.trials, answer.state], [6, 'completed']);
    assert.ok(answer.front.length >= 1);
    assert.ok(answer.front.every((point) => point.artifacts.includes('sources.zip')));
    const afterKill = await trialsOf('kill-me', data);
    for (const trial of beforeKill) assert.deepEqual(afterKill[trial.number], trial);
    assert.ok(
      beforeKill.length === 6 || afterKill.some((trial) => trial.attempt === 2),
      'the trial that was running was tried again',
    );

    const interrupted = startCli(command(40));
    await untilShown(interrupted, /trial \d+ completed/);
    interrupted.child.kill('SIGINT');
    const paused = await interrupted.result;
    assert.equal(paused.code, 130, paused.stderr);
    assert.equal((JSON.parse(paused.stdout) as { state: string }).state, 'paused');

    const resumed = await runCli(command(9));
    assert.equal(resumed.code, 0, resumed.stderr);
    const last = await trialsOf('kill-me', data);
    assert.ok(finished(last).length >= 9);
    for (const trial of afterKill) assert.deepEqual(last[trial.number], trial);
  });
});
