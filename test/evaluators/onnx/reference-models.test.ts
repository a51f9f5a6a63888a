/** Every reference model is imported, runs in the interpreter like ONNX Runtime, and survives export and import. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { exportOnnx, importOnnx, interpret, printGraph, validateGraph } from '@tinypareto/evaluators';
import { modelBytes, referenceIo, referenceTensors, relativeError } from '../../support/reference-io.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

const skip = skipWithoutShared();

/** Models with signed activations, whose stored outputs ONNX Runtime computed in float: one step of the Softmax output. */
const NEAR_TIES: Readonly<Record<string, number>> = { 'ic-resnet8.tflite-int8': 0.008 };

for (const folder of skip ? [] : ['lenet', 'har', 'mlperf-tiny', 'fuzz-nets']) {
  for (const file of readdirSync(sharedPath('models', folder)).filter((name) => name.endsWith('.onnx'))) {
    const name = file.slice(0, -'.onnx'.length);
    test(`${folder}/${name} computes what ONNX Runtime computes`, () => {
      const graph = validateGraph(importOnnx(modelBytes(folder, name)));
      const io = referenceIo(folder, name);
      for (let sample = 0; sample < Math.min(2, io.samples); sample++) {
        const outputs = interpret(graph, referenceTensors(folder, io, 'input', sample));
        for (const [output, expected] of referenceTensors(folder, io, 'output', sample)) {
          const actual = outputs.get(output);
          assert.ok(actual !== undefined);
          assert.deepEqual(actual.shape, expected.shape);
          const error = relativeError(actual, expected);
          assert.ok(error <= (NEAR_TIES[name] ?? 1e-5), `sample ${sample}, ${output}: relative error ${error}`);
        }
      }
    });
    test(`${folder}/${name} is the same after export and import`, () => {
      const graph = importOnnx(modelBytes(folder, name));
      assert.equal(printGraph(importOnnx(exportOnnx(graph))), printGraph(graph));
    });
  }
}

test('reference models are here', { skip }, () => {
  assert.ok(readdirSync(sharedPath('models', 'lenet')).length > 0);
});
