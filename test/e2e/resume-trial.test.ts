/** A trial that is killed in the middle of its training goes on from its checkpoint and ends as one that was left in peace. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { WireTrial } from '../../src/contract/trial.ts';
import { ROOT, runCli, startCli, temporaryFolder, trialsOf } from '../support/run-cli.ts';

process.env['TINYPARETO_CHECKPOINT_SECONDS'] = '0.05';

/** One trial whose training, in two steps of pruning, takes a few seconds. */
const CAMPAIGN = `
name: one-trial
objectives:
  - {metric: accuracy, direction: maximize, reference: 0}
  - {metric: romBytes, direction: minimize, reference: 1500000}
space:
  - {name: width1, type: int, low: 8, high: 8}
  - {name: width2, type: int, low: 16, high: 16}
  - {name: width3, type: int, low: 32, high: 32}
  - {name: schedule, type: categorical, choices: [iterative]}
  - {name: steps, type: int, low: 2, high: 2}
  - {name: epochs, type: float, low: 4, high: 4}
budget: {trials: 1}
sampler: {kind: sobol, seed: 3}
evaluation:
  kind: compression
  model: ${path.join(ROOT, 'examples', 'lenet-mnist', 'lenet-mnist.onnx')}
  dataset: {kind: builtin, name: mnist, limit: 500, testLimit: 100}
  board: pico
`;

async function trialOf(data: string): Promise<WireTrial> {
  const [trial] = await trialsOf('one-trial', data);
  assert.ok(trial !== undefined);
  return trial;
}

/** What the trial found out; how long it took and how often it was begun does not count. */
function findings({ state, metrics, artifacts }: WireTrial) {
  const files = artifacts.filter(({ name }) => name !== 'report.json').map(({ name, sha256 }) => [name, sha256]);
  return { state, metrics, files };
}

describe('a trial', () => {
  it('goes on after kill -9 and after Ctrl-C, and ends with the same network', async (test) => {
    const folder = temporaryFolder(test);
    const file = path.join(folder, 'campaign.yaml');
    writeFileSync(file, CAMPAIGN);
    const inPeace = path.join(folder, 'in-peace');
    const data = path.join(folder, 'data');
    const command = (where: string) => ['run', file, '--data', where, '--json'];
    const checkpoints = path.join(data, 'checkpoints');
    const trainings = () =>
      existsSync(checkpoints)
        ? readdirSync(checkpoints).flatMap((each) => readdirSync(path.join(checkpoints, each)))
        : [];

    /** Ends the process once the given training has left a checkpoint. */
    const interrupt = async (training: string, signal: 'SIGKILL' | 'SIGINT') => {
      const run = startCli(command(data));
      while (!trainings().includes(training)) {
        assert.equal(run.child.exitCode, null, `ended too early:\n${run.stderr()}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      run.child.kill(signal);
      return run.result;
    };
    await interrupt('training-0', 'SIGKILL');
    const paused = await interrupt('training-1', 'SIGINT');
    assert.equal(paused.code, 130, paused.stderr);
    assert.doesNotMatch(paused.stderr, /checkpoint/, 'nothing was wrong with what the killed process left');
    assert.deepEqual(
      trainings()
        .filter((name) => !name.endsWith('.partial'))
        .sort(),
      ['training-0', 'training-1'],
    );

    const [last, peace] = [await runCli(command(data)), await runCli(command(inPeace))];
    assert.deepEqual([last.code, peace.code], [0, 0], last.stdout + last.stderr + peace.stderr);
    assert.doesNotMatch(last.stderr, /checkpoint/);
    const [trial, reference] = [await trialOf(data), await trialOf(inPeace)];
    assert.equal(trial.attempt, 3);
    assert.equal(reference.attempt, 1);
    assert.equal(reference.state, 'completed');
    assert.deepEqual(findings(trial), findings(reference));
    assert.deepEqual(trainings(), [], 'checkpoints end with their trial');
  });

  it('starts again, with a warning, where its checkpoint is damaged', async (test) => {
    const folder = temporaryFolder(test);
    const file = path.join(folder, 'campaign.yaml');
    const data = path.join(folder, 'data');
    writeFileSync(file, CAMPAIGN.replace('low: 4, high: 4}\nbudget', 'low: 2, high: 2}\nbudget'));
    const run = startCli(['run', file, '--data', data, '--json']);
    const checkpoints = path.join(data, 'checkpoints');
    let damaged = '';
    while (damaged === '') {
      assert.equal(run.child.exitCode, null, run.stderr());
      await new Promise((resolve) => setTimeout(resolve, 5));
      const [trial] = existsSync(checkpoints) ? readdirSync(checkpoints) : [];
      const candidate = path.join(checkpoints, trial ?? '', 'training-0');
      if (trial !== undefined && existsSync(candidate)) damaged = candidate;
    }
    run.child.kill('SIGKILL');
    await run.result;
    writeFileSync(damaged, 'not a checkpoint');
    const again = await runCli(['run', file, '--data', data, '--json']);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /trial 0: a checkpoint cannot be used, the training starts again/);
  });
});
