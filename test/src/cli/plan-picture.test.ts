import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { armToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { errorOf, runCli, temporaryFolder } from '../../support/run-cli.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

test('plan draws the buffers of a CSV', async (context) => {
  const folder = temporaryFolder(context);
  const [csv, svg] = [path.join(folder, 'buffers.csv'), path.join(folder, 'plan.svg')];
  writeFileSync(csv, 'id,lower,upper,size\n1,0,2,64\n2,1,3,32\n');
  const result = await runCli(['plan', csv, '--svg', svg, '--json']);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(readFileSync(svg, 'utf8').match(/<rect /g)?.length, 3);
});

test('plan takes a model, and compile lays it out for the Pico SDK with a blob', {
  skip: skipWithoutShared(),
}, async (context) => {
  const folder = temporaryFolder(context);
  const model = sharedPath('models', 'lenet', 'lenet5-classic.w4a8.onnx');
  const plan = await runCli(['plan', model, '--board', 'pico', '--json']);
  assert.equal(plan.code, 0, plan.stderr);
  const { peak, lowerBound, buffers } = JSON.parse(plan.stdout);
  assert.ok(peak >= lowerBound && buffers.length > 5);
  const options = ['--board', 'pico', '--project', 'pico-sdk', '--blob', '--no-link', '--out', folder, '--json'];
  const compiled = await runCli(['compile', model, ...options]);
  assert.equal(compiled.code, 0, compiled.stderr);
  const report = JSON.parse(compiled.stdout);
  assert.equal(report.format, 'int4');
  const names = report.files.map((file: string) => path.relative(folder, file));
  for (const name of ['CMakeLists.txt', 'main.c', 'weights.blob', 'plan.svg', 'network/net.c'])
    assert.ok(names.includes(name), name);
  assert.match(readFileSync(path.join(folder, 'plan.svg'), 'utf8'), /<svg /);
});

test('plan and compile run layers in patches, and say what that gains', {
  skip: skipWithoutShared(),
}, async (context) => {
  const folder = temporaryFolder(context);
  const model = sharedPath('models', 'mlperf-tiny', 'ic-resnet8.tflite-int8.onnx');
  const on = [model, '--board', 'nano33ble', '--json'];
  const [whole, patched, listed] = await Promise.all(
    [['--patches', 'none'], ['--patches', '5,8'], ['--candidates']].map((options) =>
      runCli(['plan', ...on, ...options]),
    ),
  );
  const [before, after] = [whole, patched].map((result) => JSON.parse(result?.stdout ?? ''));
  assert.ok(after.peak < 0.8 * before.peak && after.optimal && after.peak === after.lowerBound);
  assert.match(after.buffers[0].name, /^input /);
  assert.match(patched?.stderr ?? '', /^peak \d+ B, proved to be the least$/m);
  const { candidates } = JSON.parse(listed?.stdout ?? '');
  const asked = candidates.find((each: Record<string, unknown>) => each['layers'] === 5 && each['patches'] === 8);
  assert.deepEqual([candidates[0].patches, asked.arenaBytes], [1, after.peak]);
  const compiled = await runCli(['compile', ...on, '--optimize', 'ram', '--no-link', '--out', folder]);
  const { planner, ramBytes } = JSON.parse(compiled.stdout);
  assert.ok(planner.patches.length > 0 && ramBytes <= after.peak);
  const refused = await runCli(['plan', ...on, '--patches', '3,8']);
  assert.deepEqual([refused.code, errorOf(refused).code], [2, 'IMPOSSIBLE_PATCHES']);
});

test('measure counts the patches of a layer as one', {
  skip: skipWithoutShared() || (isMissing(armToolchain()) ? 'no arm-none-eabi-gcc' : false),
}, async () => {
  const model = sharedPath('models', 'lenet', 'lenet5-classic.int8-pc.onnx');
  const results = await Promise.all(
    [[], ['--optimize', 'ram']].map((options) =>
      runCli(['measure', model, '--board', 'nano33ble', ...options, '--json']),
    ),
  );
  const [whole, patched] = results.map(({ stdout }) => JSON.parse(stdout));
  assert.ok(patched.ramHighWaterBytes < whole.ramHighWaterBytes && patched.matchesInterpreter);
  const kernels = (report: { layers: { kernel: string }[] }) =>
    report.layers.map(({ kernel }) => kernel).filter((kernel) => !kernel.startsWith('dnnrt_copy'));
  assert.deepEqual(kernels(patched), kernels(whole));
});

test('compile gives heavy layers to both cores when asked, and refuses cores that a board lacks', {
  skip: skipWithoutShared(),
}, async (context) => {
  const model = sharedPath('models', 'lenet', 'lenet5-classic.int8-pc.onnx');
  const folder = temporaryFolder(context);
  const compiled = await runCli([
    'compile',
    model,
    '--board',
    'pico',
    '--cores',
    '2',
    '--no-link',
    '--out',
    folder,
    '--json',
  ]);
  const { halved, latency } = JSON.parse(compiled.stdout);
  assert.ok(halved.length > 2 && latency.cycles > 0);
  const refused = await runCli(['plan', model, '--board', 'nano33ble', '--cores', '2', '--json']);
  assert.deepEqual([refused.code, errorOf(refused).code], [2, 'TOO_MANY_CORES']);
});
