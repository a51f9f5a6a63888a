/**
 * What `compress` reports is what the device computes: for every number format the generated C, the reference operators and the batch engine
 * that measures accuracy agree, byte for byte where the arithmetic is integer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { compress } from '../../../evaluators/compress/compress.ts';
import { floatOperators } from '../../../evaluators/compress/fuse-quantized.ts';
import { compileInteger } from '../../../evaluators/compress/integer-engine/integer-program.ts';
import type { CompressionPlan } from '../../../evaluators/compression-plan.ts';
import type { Graph } from '../../../evaluators/ir/graph.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { deployable } from '../../../evaluators/pipeline/load-network.ts';
import { type Dataset, writeSample } from '../../../evaluators/train/data/dataset.ts';
import { loadDataset } from '../../../evaluators/train/data/load-dataset.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { bytesOfTensor } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { readModel } from '../compress/reference-io.ts';

const cache = temporaryCache();
const skip = skipWithoutShared() || (isMissing(hostToolchain()) ? 'no C compiler' : false);
const SAMPLES = 3;
const FINETUNE = { epochs: 0.3, optimizer: 'sgd', learningRate: 0.01, batchSize: 32 } as const;

const PLANS: Readonly<Record<string, CompressionPlan>> = {
  'int8 per channel, all mended': {
    quantize: { format: 'int8', equalize: true, biasCorrection: true, adaptiveRounding: true },
  },
  'int8 per tensor': { quantize: { format: 'int8', granularity: 'tensor', calibration: 'mse' } },
  'uint8 per structure': { quantize: { format: 'uint8' } },
  'uint8 per tensor, trained': {
    quantize: { format: 'uint8', granularity: 'tensor', mode: 'qat', learnSteps: true },
    finetune: FINETUNE,
  },
  'int4 weights': { quantize: { format: 'int4' } },
  'int8 and int4 layers': { quantize: { format: 'int8', layers: { '/c5/Gemm': 'int4', '/c1/Conv': 'int4' } } },
  'uint8 pruned by elements': {
    prune: { granularity: 'element', heuristic: 'level', target: { metric: 'params', remove: 0.9 } },
    quantize: { format: 'uint8', granularity: 'tensor' },
  },
  'int8 with a float layer': { quantize: { format: 'int8', layers: { '/c3/Conv': 'float32' } } },
  'int8 with a codebook layer': { quantize: { format: 'int8', layers: { '/c5/Gemm': 'codebook' } } },
  'float16 weights': { quantize: { format: 'float16' } },
  'codebook of 16': { quantize: { format: 'codebook', codebookSize: 16 } },
};

async function runOnHost(graph: Graph, inputs: readonly Float32Array[]): Promise<Uint8Array[]> {
  const built = await buildHost(lower(graph, board('host')), cache);
  assert.ok(built.kind === 'built');
  const run = await runHost(
    built,
    inputs.map((data) => [new Uint8Array(data.buffer)]),
  );
  return run.outputs.map(([output]) => output ?? new Uint8Array());
}

function samplesOf(dataset: Dataset): Float32Array[] {
  return Array.from({ length: SAMPLES }, (_, index) => {
    const data = new Float32Array(784);
    writeSample(dataset, dataset.test, index, data, 0);
    return data;
  });
}

function assertClose(got: Uint8Array, expected: Float32Array): void {
  const values = new Float32Array(got.slice().buffer);
  const scale = Math.max(...expected.map(Math.abs));
  expected.forEach((value, i) => {
    assert.ok(Math.abs(value - (values[i] ?? Number.NaN)) <= 1e-5 * scale, `${values[i]} instead of ${value}`);
  });
}

for (const [name, plan] of Object.entries(PLANS)) {
  test(`${name}: C on the host computes what the accuracy was measured on`, { skip }, async () => {
    const dataset = loadDataset({ kind: 'builtin', builtin: 'mnist', limit: { train: 320, test: 60 } });
    const result = await compress(readModel('lenet/lenet5-classic'), dataset, plan);
    assert.ok(result.report.accuracy.after >= 0.9);
    const graph = result.integerGraph ?? deployable(result.floatGraph);
    const inputs = samplesOf(dataset);
    const outputs = await runOnHost(graph, inputs);
    const [{ name: input, shape }] = graph.inputs;
    const isInteger = result.integerGraph !== undefined && floatOperators(graph).length === 0;
    const engine = result.integerGraph === undefined ? undefined : compileInteger(graph);
    inputs.forEach((data, sample) => {
      const feed = { dtype: 'float32' as const, shape, data };
      const expected = interpret(graph, new Map([[input, feed]])).get(graph.outputs[0]);
      assert.ok(expected !== undefined);
      if (engine !== undefined) assert.deepEqual(engine.run([feed])[0], expected);
      const got = outputs[sample] ?? new Uint8Array();
      if (isInteger) assert.deepEqual(got, Uint8Array.from(bytesOfTensor(expected)));
      else assertClose(got, expected.data as Float32Array);
    });
  });
}
