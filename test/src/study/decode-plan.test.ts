import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { type CompressibleLayer, decodePlan } from '../../../src/study/decode-plan.ts';
import { expandPreset, loadPreset, presetNames } from '../../../src/study/space-preset.ts';

const LENET: readonly CompressibleLayer[] = [
  { name: '/conv1/Conv', structures: 32, kind: 'conv' },
  { name: '/conv2/Conv', structures: 64, kind: 'conv' },
  { name: '/fc1/Gemm', structures: 128, kind: 'dense' },
];

describe('decodePlan', () => {
  it('turns widths into kept structures of the layer they number', () => {
    const plan = decodePlan({ width1: 8, width2: 64, width3: 16 }, LENET);
    assert.deepEqual(plan.prune?.layers, { '/conv1/Conv': { keep: 8 }, '/fc1/Gemm': { keep: 16 } });
  });

  it('leaves the network alone when nothing is asked', () => {
    const plan = decodePlan({ width1: 32, width2: 64, width3: 128 }, LENET);
    assert.equal(plan.prune, undefined);
    assert.equal(plan.finetune, undefined);
    assert.deepEqual(plan.quantize, { format: 'float32' });
  });

  it('lets a param override a fixed knob', () => {
    const plan = decodePlan({ format: 'uint8' }, LENET, { format: 'int8', epochs: 1, learningRate: 0.02 });
    assert.equal(plan.quantize?.format, 'uint8');
    assert.deepEqual(plan.finetune, { epochs: 1, optimizer: 'sgd', learningRate: 0.02 });
  });

  it('names an unknown knob, a layer that is not there and a value out of range', () => {
    const refuses = (params: Record<string, number | string>, code: string) =>
      assert.throws(
        () => decodePlan(params, LENET),
        (error) => error instanceof UserError && error.code === code,
      );
    refuses({ widht1: 4 }, 'UNKNOWN_PARAM');
    refuses({ constructor: 4 }, 'UNKNOWN_PARAM');
    refuses({ width4: 4 }, 'UNKNOWN_LAYER');
    refuses({ width1: 33 }, 'BAD_PARAM_VALUE');
    refuses({ format: 'int7' }, 'BAD_PARAM_VALUE');
  });
});

describe('search-space presets', () => {
  for (const name of presetNames()) {
    it(`${name}: every corner of the expanded space decodes`, () => {
      const { parameters, fixed } = expandPreset(loadPreset(name), LENET);
      assert.equal(new Set(parameters.map((parameter) => parameter.name)).size, parameters.length);
      for (const corner of ['low', 'high'] as const) {
        const params = Object.fromEntries(
          parameters.map((parameter) => [
            parameter.name,
            parameter.type === 'categorical'
              ? (parameter.choices.at(corner === 'low' ? 0 : -1) ?? '')
              : parameter[corner],
          ]),
        );
        decodePlan(params, LENET, fixed);
      }
    });
  }

  it('reaches the full width of every layer', () => {
    const { parameters } = expandPreset(loadPreset('structured'), LENET);
    const widths = parameters.filter((parameter) => parameter.type === 'int');
    assert.deepEqual(
      widths.map((parameter) => parameter.high),
      [32, 64, 128],
    );
    for (const parameter of widths) assert.equal((parameter.high - parameter.low) % (parameter.step ?? 1), 0);
  });
});
