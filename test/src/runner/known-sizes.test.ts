import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { loadNetwork, previewSizes, prunableLayers } from '@tinypareto/evaluators';
import { createRng, createSearchSpace } from '@tinypareto/optimizer';
import type { ParameterSpec } from '../../../src/contract/parameter.ts';
import { createSamplerExtension, knownSizes } from '../../../src/runner/known-sizes.ts';
import { decodePlan } from '../../../src/study/decode-plan.ts';
import { expandPreset, loadPreset } from '../../../src/study/space-preset.ts';
import { board } from '../../support/boards.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

const skip = skipWithoutShared();

function campaign(model: string, preset: string) {
  const graph = loadNetwork(readFileSync(sharedPath('models', ...model.split('/'))));
  const layers = prunableLayers(graph);
  const expanded = expandPreset(loadPreset(preset), layers);
  return { graph, layers, fixed: expanded.fixed, parameters: structuredClone(expanded.parameters) as ParameterSpec[] };
}

describe('sizes that a sampler knows', () => {
  for (const model of ['mlperf-tiny/kws-dscnn.onnx'])
    it(`${model}: are those of the compiled network, ROM within 5 %`, { skip }, () => {
      const { graph, layers, fixed, parameters } = campaign(model, 'structured');
      const pico = board('pico');
      const sizes = knownSizes(graph, layers, parameters, fixed, [pico]);
      assert.ok(sizes !== undefined);
      // As the study stores them.
      const { known, knownErrors } = createSamplerExtension(JSON.parse(JSON.stringify(sizes)));
      const romError = knownErrors?.get('romBytes') ?? 0;
      assert.ok(romError > 0 && romError <= 0.05, `${romError}`);
      assert.equal(knownErrors?.get('macs'), 0);
      const space = createSearchSpace(parameters);
      const rng = createRng(1, 0, 'points');
      for (let i = 0; i < 8; i++) {
        const params = space.sampleParams(rng) ?? {};
        const truth = previewSizes(graph, decodePlan(params, layers, fixed, 0), pico);
        assert.ok(truth !== null);
        for (const metric of ['macs', 'flops', 'params'] as const)
          assert.equal(known?.get(metric)?.(params), truth[metric], metric);
        const romBytes = known?.get('romBytes')?.(params) ?? 0;
        assert.ok(Math.abs(romBytes / truth.romBytes - 1) <= 0.05, `${romBytes} instead of ${truth.romBytes}`);
      }
    });

  it('are not claimed where training decides them', { skip }, () => {
    const { graph, layers, fixed, parameters } = campaign('har/har-cnn1d.onnx', 'element');
    assert.equal(knownSizes(graph, layers, parameters, fixed, [board('pico')]), undefined);
  });
});
