/**
 * Quantized networks as ONNX files: what is written obeys the operator definitions, and reading it back gives the same outputs, as the
 * QDQ graph that any runtime fuses for itself, as our integer operators, and with weights stored as halves or shared values.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import {
  calibrate,
  compileInteger,
  exportOnnx,
  fuseQuantized,
  type Graph,
  importOnnx,
  interpret,
  type NumberFormat,
  type QuantizePlan,
  quantize,
  simplify,
  type Tensor,
  validateGraph,
} from '@tinypareto/evaluators';
import fc from 'fast-check';
import { activationNames } from '../../../evaluators/compress/quantization/calibrate.ts';
import { storeSmaller } from '../../../evaluators/compress/quantize-network.ts';
import { ModelProtoSchema } from '../../../evaluators/onnx/generated/onnx_pb.js';
import { choices, noise, randomGraph } from '../../support/random-graph.ts';
import { skipWithoutShared } from '../../support/shared.ts';
import { referenceModel } from '../compress/reference-io.ts';
import { checkModel } from './check-model.ts';

const SAMPLES = 3;
/** Random networks per property; TINYPARETO_LONG_TESTS=1 tries many more. */
const RUNS = process.env['TINYPARETO_LONG_TESTS'] === '1' ? 3000 : 100;

function feeds(graph: Graph): Map<string, Tensor>[] {
  return Array.from({ length: SAMPLES }, (_, sample) => {
    return new Map(
      graph.inputs.map(({ name, shape }, i) => {
        const count = shape.reduce((a, b) => a * b, 1);
        return [name, { dtype: 'float32' as const, shape, data: noise(17 + 31 * sample + i, count) }] as const;
      }),
    );
  });
}

function assertSameOutputs(a: Graph, b: Graph, what: string): void {
  for (const feed of feeds(a)) {
    const [left, right] = [interpret(a, feed), interpret(b, feed)];
    for (const output of a.outputs) assert.deepEqual(right.get(output), left.get(output), `${what}: ${output}`);
  }
}

function ranges(graph: Graph): ReturnType<typeof calibrate> {
  const inputs = feeds(graph);
  const [{ name }] = graph.inputs;
  return calibrate(
    graph,
    { count: SAMPLES, write: (index, out, at) => out.set(inputs[index]?.get(name)?.data as Float32Array, at) },
    'minmax',
    activationNames(graph),
  );
}

/** The file holds attributes in single precision, so a network that came from a file is the one to compare with. */
function network(list: Parameters<typeof randomGraph>[0]): Graph {
  return simplify(importOnnx(exportOnnx(randomGraph(list))));
}

function quantizedOf(list: Parameters<typeof randomGraph>[0], plan: QuantizePlan): Graph {
  const graph = network(list);
  return quantize(graph, ranges(graph), plan);
}

const plans = fc.record({
  format: fc.constantFrom<NumberFormat>('int8', 'uint8', 'int4'),
  granularity: fc.constantFrom<'tensor' | 'channel'>('tensor', 'channel'),
});

function readBack(graph: Graph): Graph {
  const bytes = exportOnnx(graph);
  checkModel(fromBinary(ModelProtoSchema, bytes));
  const imported = importOnnx(bytes);
  validateGraph(imported);
  return imported;
}

test('QDQ graphs of random networks: sound files, equal outputs, equal integer networks', () => {
  fc.assert(
    fc.property(choices, plans, (list, plan) => {
      const graph = quantizedOf(list, plan);
      const imported = readBack(graph);
      assertSameOutputs(graph, imported, 'QDQ');
      assertSameOutputs(fuseQuantized(graph), fuseQuantized(imported), 'fused');
    }),
    { seed: 3, numRuns: RUNS },
  );
});

test('integer operators of random networks survive the file (standard ones have no 4-bit weights)', () => {
  fc.assert(
    fc.property(
      choices,
      plans.filter(({ format }) => format !== 'int4'),
      (list, plan) => {
        const graph = fuseQuantized(quantizedOf(list, plan));
        assertSameOutputs(graph, readBack(graph), 'integer');
      },
    ),
    { seed: 5, numRuns: RUNS },
  );
});

test('float networks and stored formats of random networks survive the file', () => {
  fc.assert(
    fc.property(choices, fc.constantFrom<NumberFormat>('float32', 'float16', 'codebook'), (list, format) => {
      const graph = storeSmaller(network(list), { format });
      assertSameOutputs(graph, readBack(graph), format);
    }),
    { seed: 7, numRuns: RUNS },
  );
});

const MODELS = [
  'lenet/lenet5-classic.int8-pc',
  'lenet/lenet5-classic.uint8',
  'lenet/lenet5-classic.w4a8',
  'har/har-cnn1d.int8-pt',
];

for (const name of MODELS) {
  test(`${name}: written and read again, the integer outputs are ONNX Runtime's`, { skip: skipWithoutShared() }, () => {
    const model = referenceModel(name);
    const program = compileInteger(fuseQuantized(readBack(model.graph)));
    for (let sample = 0; sample < model.samples; sample++) {
      const outputs = program.run(model.tensors('input', sample).map(({ tensor }) => tensor));
      for (const { tensor } of model.tensors('output_fused', sample)) assert.deepEqual(outputs[0]?.data, tensor.data);
    }
  });
}
