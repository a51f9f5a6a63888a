/**
 * Layers over two cores: every way to halve every kind of call gives the bits of the whole call; on threads of this computer nothing races, and
 * the virtual board counts what the speed model foretells.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fuseQuantized, importOnnx, simplify } from '@tinypareto/evaluators';
import { buildArm } from '../../../../evaluators/build/build-arm.ts';
import { buildHost, HOST_FLAGS, runHost } from '../../../../evaluators/build/build-host.ts';
import { hostRunnerSource } from '../../../../evaluators/build/host-runner.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../../evaluators/build/toolchain.ts';
import { writeSources } from '../../../../evaluators/build/write-sources.ts';
import { assignMemory } from '../../../../evaluators/codegen/assign-memory.ts';
import { halvings } from '../../../../evaluators/codegen/cores/halve-step.ts';
import { withHalves } from '../../../../evaluators/codegen/cores/use-cores.ts';
import { emitC } from '../../../../evaluators/codegen/emit/emit-c.ts';
import { type LowerOptions, lower } from '../../../../evaluators/codegen/lower.ts';
import { predictSizes } from '../../../../evaluators/codegen/predict/predict-sizes.ts';
import { predictLatency } from '../../../../evaluators/codegen/predict/speed-model.ts';
import type { Program } from '../../../../evaluators/codegen/program.ts';
import type { Graph } from '../../../../evaluators/ir/graph.ts';
import type { Tensor } from '../../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../../evaluators/ops/interpret.ts';
import { runOnVirtualBoard } from '../../../../evaluators/pipeline/virtual-board.ts';
import { board } from '../../../support/boards.ts';
import { temporaryCache } from '../../../support/build-cache.ts';
import { generator, integerInputs, integerLayers } from '../../../support/integer-layers.ts';
import { modelBytes } from '../../../support/reference-io.ts';
import { bytesOfTensor } from '../../../support/reference-model.ts';
import { skipWithoutShared } from '../../../support/shared.ts';

const cache = temporaryCache();
const pico = board('pico');

/** Every call that can be is halved, in its `way`-th way. */
function halved(program: Program, way: number): Program {
  const buffers = new Map(program.buffers.map((buffer) => [buffer.id, buffer]));
  const constants = new Map(program.constants.map((constant) => [constant.id, constant]));
  const chosen = new Map(
    program.steps.flatMap((step) => {
      const ways = halvings(step, { buffers, constants });
      return ways.length === 0 ? [] : [[step, ways[way % ways.length]] as const];
    }),
  );
  const { steps, layers, loops } = program;
  const network = withHalves({ steps, layers, loops, buffers }, chosen);
  const memory = assignMemory(network, program.inputs, program.outputs);
  return { ...program, ...memory, steps: network.steps, buffers: [...network.buffers.values()] };
}

const bytesOf = (graph: Graph, inputs: Map<string, Tensor>) =>
  graph.inputs.map(({ name }) => {
    const tensor = inputs.get(name);
    assert.ok(tensor !== undefined);
    return Uint8Array.from(bytesOfTensor(tensor));
  });

function compare(graph: Graph, inputs: Map<string, Tensor>, outputs: readonly Uint8Array[], what: string): void {
  const results = interpret(graph, inputs);
  graph.outputs.forEach((name, index) => {
    const tensor = results.get(name);
    assert.ok(tensor !== undefined);
    const expected = Uint8Array.from(bytesOfTensor(tensor));
    assert.deepEqual(outputs[index], expected, `${name} of ${JSON.stringify(graph.nodes[index])}, ${what}`);
  });
}

/** fork and join of two threads, as a program for two cores would define them. */
const THREADS = {
  path: 'threads.c',
  text: [
    '#include <pthread.h>',
    '#include "dnnrt.h"',
    'static pthread_t other;',
    'static void *run(void *task) { (*(void (**)(void))task)(); return 0; }',
    'static void (*current)(void);',
    'void dnnrt_fork(void (*task)(void)) { current = task; pthread_create(&other, 0, run, &current); }',
    'void dnnrt_join(void) { pthread_join(other, 0); }',
    '',
  ].join('\n'),
};

const CASES: readonly { readonly seed: number; readonly nibbles: boolean; readonly options: LowerOptions }[] = [
  { seed: 11, nibbles: false, options: { kernels: 'cortex-m0plus', weights: 'dense' } },
  { seed: 12, nibbles: true, options: { kernels: 'cortex-m0plus', weights: 'all' } },
  { seed: 13, nibbles: false, options: { kernels: 'reference', weights: 'dense' } },
];

test('halves on two threads: the bits of the interpreter, whichever way layers are halved', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, async () => {
  const kinds = new Set<string>();
  for (const { seed, nibbles, options } of CASES) {
    const graph = integerLayers(seed, 18, nibbles);
    const whole = lower(graph, pico, options);
    const draw = generator(seed);
    const samples = Array.from({ length: 4 }, () => integerInputs(graph, draw));
    for (let way = 0; way < 3; way++) {
      const program = halved(whole, way);
      for (const { beside, kernel } of program.steps) if (beside !== undefined) kinds.add(kernel);
      const sources = emitC(program);
      const built = await buildHost(program, cache, { ...sources, files: [...sources.files, THREADS] });
      assert.ok(built.kind === 'built');
      const run = await runHost(
        built,
        samples.map((inputs) => bytesOf(graph, inputs)),
      );
      for (const [i, inputs] of samples.entries()) compare(graph, inputs, run.outputs[i] ?? [], `way ${way}`);
    }
  }
  const needed = ['conv2d_s8_swar', 'conv2d_s4_swar', 'depthwise2d_s8_swar', 'depthwise2d_taps_s8_swar', 'fc_s8_swar'];
  for (const name of [...needed, 'conv2d_s8', 'depthwise2d_s8', 'fc_s8'])
    assert.ok(kinds.has(`dnnrt_${name}`), `no ${name} was halved`);
});

test('no two threads write what the other reads', {
  skip: isMissing(hostToolchain()) && 'no C compiler',
}, async (t) => {
  const toolchain = hostToolchain();
  assert.ok(!isMissing(toolchain));
  const graph = integerLayers(14, 15);
  const whole = lower(graph, pico, { kernels: 'cortex-m0plus', weights: 'dense' });
  for (const way of [0, 1]) {
    const program = halved(whole, way);
    const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-threads-'));
    try {
      const runner = hostRunnerSource(program.prefix, program.inputs, program.outputs);
      const files = [...emitC(program).files, THREADS, { path: 'main.c', text: runner }];
      await writeSources(files, folder);
      const sources = files.map((file) => file.path).filter((name) => name.endsWith('.c'));
      const flags = [...HOST_FLAGS, '-fsanitize=thread', '-I.', '-Idnnrt/include', '-Idnnrt/src'];
      const options = { cwd: folder, timeout: 60_000 };
      const compiled = spawnSync(toolchain.compiler, [...flags, '-o', 'run', ...sources, '-lpthread'], options);
      if (compiled.status !== 0) return t.skip('the compiler has no thread sanitizer');
      const count = Buffer.alloc(4);
      count.writeUInt32LE(1);
      const input = Buffer.concat([count, ...bytesOf(graph, integerInputs(graph, generator(1)))]);
      const run = spawnSync('setarch', ['-R', './run'], { ...options, input });
      assert.equal(run.status, 0, run.stderr.toString());
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
});

test('halves on the virtual board: the bits of the interpreter', {
  skip: isMissing(armToolchain()) && 'no Arm compiler',
}, async () => {
  for (const { seed, nibbles, options } of CASES.slice(0, 2)) {
    const graph = integerLayers(seed, 15, nibbles);
    const inputs = integerInputs(graph, generator(seed));
    for (const way of [0, 3]) {
      const program = halved(lower(graph, pico, options), way);
      const run = await runOnVirtualBoard(program, pico, [bytesOf(graph, inputs)], cache);
      compare(graph, inputs, run.inferences[0]?.outputs ?? [], `way ${way}`);
    }
  }
});

test('two cores take little more than half the time, as foretold, with sizes as foretold', {
  skip: isMissing(armToolchain()) ? 'no Arm compiler' : skipWithoutShared(),
}, async () => {
  const graph = simplify(fuseQuantized(importOnnx(modelBytes('mlperf-tiny', 'kws-dscnn.int8-pc'))));
  const cycles: number[] = [];
  for (const cores of [1, 2]) {
    const program = lower(graph, pico, { cores });
    const input = program.inputs.map(({ bytes }) => new Uint8Array(new Float32Array(bytes / 4).fill(0.5).buffer));
    const run = await runOnVirtualBoard(program, pico, [input], cache);
    const [inference] = run.inferences;
    assert.ok(inference !== undefined);
    cycles.push(inference.cycles);
    assert.ok(Math.abs(predictLatency(program, pico).cycles / inference.cycles - 1) < 0.05);
    const built = await buildArm(program, pico, cache);
    assert.ok(built.kind === 'built');
    const predicted = predictSizes(program, pico);
    const { text, rodata, data, bss } = built.linked;
    assert.equal(predicted.ramBytes, data + bss);
    assert.ok(Math.abs(predicted.romBytes / (text + rodata + data) - 1) < 0.01);
  }
  assert.ok((cycles[0] ?? 0) / (cycles[1] ?? 1) > 1.8, `${cycles}`);
});

test('halved layers keep to themselves: no result under what the other half still reads', {
  skip: skipWithoutShared(),
}, () => {
  const graph = simplify(fuseQuantized(importOnnx(modelBytes('mlperf-tiny', 'vww-mobilenetv1.int8-pc'))));
  const program = lower(graph, pico, { cores: 2 });
  const placed = new Map(program.placed.map((buffer) => [buffer.id, buffer]));
  const place = (id: string) => placed.get(program.aliases.get(id) ?? id);
  const pairs = program.steps.flatMap((step, i) => (step.beside === 'next' ? [[step, program.steps[i + 1]]] : []));
  assert.ok(pairs.length > 20);
  for (const [a, b] of pairs) {
    assert.equal(b?.beside, 'previous');
    const buffers = new Set([a, b].flatMap((step) => [...(step?.reads ?? []), ...(step?.writes ?? [])].map(place)));
    const list = [...buffers];
    for (const [i, one] of list.entries()) {
      for (const other of list.slice(i + 1)) {
        assert.ok(one !== undefined && other !== undefined);
        const disjoint = one.offset + one.bytes <= other.offset || other.offset + other.bytes <= one.offset;
        assert.ok(disjoint, `${one.id} and ${other.id} of ${a?.id}`);
      }
    }
  }
});

test('with the goal of RAM only what needs no more memory is halved', { skip: skipWithoutShared() }, () => {
  const graph = simplify(fuseQuantized(importOnnx(modelBytes('mlperf-tiny', 'kws-dscnn.int8-pc'))));
  const [one, two] = [1, 2].map((cores) => lower(graph, pico, { cores, optimize: 'ram', patches: 'none' }));
  assert.ok((two?.arenaBytes ?? 0) <= (one?.arenaBytes ?? 0));
});

test('a board without a second core refuses two', () => {
  const graph = integerLayers(1, 3);
  assert.throws(() => lower(graph, board('nano33ble'), { cores: 2 }), RangeError);
  assert.throws(() => lower(graph, pico, { cores: 3 }), RangeError);
});
