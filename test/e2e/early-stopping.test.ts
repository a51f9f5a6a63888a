/** A campaign that stops single trials early: what it says of them, and that neither a kill nor parallel work changes a verdict. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { WireTrial } from '../../src/contract/trial.ts';
import { ROOT, runCli, startCli, temporaryFolder, trialsOf, untilShown } from '../support/run-cli.ts';

/** A threshold that stops whatever is not certain to improve the front, so that a short campaign has trials of both kinds. */
const CAMPAIGN = `
name: early
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
earlyStopping: {threshold: 0.9, minCompleted: 2}
evaluation:
  kind: compression
  model: ${path.join(ROOT, 'examples', 'lenet-mnist', 'lenet-mnist.onnx')}
  dataset: {kind: builtin, name: mnist, limit: 1000, testLimit: 100}
  board: pico
  parallel: 1
`;
const TRIALS = 6;

/** What must not depend on when and how often a trial ran. */
const result = ({ number, state, params, metrics, reason, intermediate }: WireTrial) => ({
  number,
  state,
  params,
  metrics,
  reason,
  intermediate,
});

describe('a campaign that stops trials early', () => {
  it('says why and what they would have come to, the same after a kill', async (test) => {
    const folder = temporaryFolder(test);
    const file = path.join(folder, 'campaign.yaml');
    writeFileSync(file, CAMPAIGN);
    const command = (data: string): string[] => ['run', file, '--trials', String(TRIALS), '--data', data, '--json'];

    const data = path.join(folder, 'data');
    const whole = await runCli(command(data));
    assert.equal(whole.code, 0, whole.stderr);
    const trials = await trialsOf('early', data);
    const stopped = trials.filter(({ state }) => state === 'pruned');
    assert.ok(stopped.length >= 1 && stopped.length <= TRIALS - 2, `${stopped.length} stopped`);
    assert.match(whole.stderr, /pruned \(stopped early at \d+ % of the training: .* chance to improve the front/);
    assert.match(whole.stderr, /\d stopped early · front/);
    for (const { metrics, intermediate = [], feasible, artifacts } of stopped) {
      assert.ok((metrics['accuracy']?.stderr ?? 0) > 0, 'a forecast has a deviation');
      assert.ok((metrics['romBytes']?.mean ?? 0) > 0, 'its size is known');
      assert.ok(intermediate.length >= 2 && intermediate.length < 10);
      assert.deepEqual([feasible, artifacts], [null, []]);
    }
    for (const { state, intermediate = [] } of trials)
      if (state === 'completed') assert.equal(intermediate.at(-1)?.step, 100);

    const explained = await runCli(['explain', 'early', '--trial', String(stopped[0]?.number), '--data', data]);
    assert.match(explained.stdout, /stopped early at/);
    assert.match(explained.stdout, /accuracy by step 10: \d+\.\d+ %/);
    assert.match(explained.stdout, /told \(forecast\)/);
    const slice = await runCli(['explain', 'early', '--slice', 'width1', '--data', data]);
    assert.match(slice.stdout, /^Through trial \d+:\nwidth1/);
    assert.match(slice.stdout, /\d kB ± \d+/);
    const contour = await runCli(['explain', 'early', '--contour', 'width1,format', '--trial', '0', '--data', data]);
    assert.match(contour.stdout, /romBytes through trial 0:\n *format \\ width1/);
    const misspelt = await runCli(['explain', 'early', '--slice', 'width9', '--data', data]);
    assert.match(misspelt.stderr, /it has width1, width2, width3, format, epochs/);

    const other = path.join(folder, 'other');
    const killed = startCli(command(other));
    await untilShown(killed, /trial 2 /);
    killed.child.kill('SIGKILL');
    await killed.result;
    const continued = await runCli(command(other));
    assert.equal(continued.code, 0, continued.stderr);
    assert.deepEqual((await trialsOf('early', other)).map(result), trials.map(result));
  });

  it('refuses a horizon, which its steps have already', async (test) => {
    const file = path.join(temporaryFolder(test), 'campaign.yaml');
    writeFileSync(file, CAMPAIGN.replace('minCompleted: 2', 'horizon: 20'));
    const refused = await runCli(['run', file, '--data', path.join(path.dirname(file), 'data'), '--json']);
    assert.equal(refused.code, 65, refused.stderr);
    assert.match(refused.stdout, /percent of the training and end at 100/);
  });
});
