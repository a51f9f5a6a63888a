import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { CompressionError, importOnnx, previewSizes, prunableLayers } from '@tinypareto/evaluators';
import { createRng, type Parameter, type Params, type Rng } from '@tinypareto/optimizer';
import { UserError } from '../../../src/errors.ts';
import { findBoard } from '../../../src/runner/board-specs.ts';
import { type CompressibleLayer, decodePlan } from '../../../src/study/decode-plan.ts';
import { expandPreset, loadPreset, presetNames } from '../../../src/study/space-preset.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

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

  it('says what matters most when compiling', () => {
    assert.equal(decodePlan({ optimize: 'ram' }, LENET).optimize, 'ram');
    assert.equal(decodePlan({}, LENET).optimize, undefined);
  });

  it('asks for a supernet only where something is pruned', () => {
    const fixed = { supernetEpochs: 4, epochs: 0.2 };
    assert.deepEqual(decodePlan({ width1: 8 }, LENET, fixed).supernet, { epochs: 4 });
    assert.equal(decodePlan({ width1: 32 }, LENET, fixed).supernet, undefined);
  });

  it('turns number formats, mending and learned steps into a quantization plan', () => {
    const params = { format: 'int8', format2: 'int4', format3: 'codebook', codebookSize: 16, equalize: 'on' } as const;
    assert.deepEqual(decodePlan({ ...params, adaptiveRounding: 'on', biasCorrection: 'off' }, LENET).quantize, {
      format: 'int8',
      layers: { '/conv2/Conv': 'int4', '/fc1/Gemm': 'codebook' },
      codebookSize: 16,
      equalize: true,
      adaptiveRounding: true,
      biasCorrection: false,
    });
    const trained = decodePlan({ format: 'int4', mode: 'qat', learnSteps: 'on', qatShare: 0.25, epochs: 2 }, LENET);
    assert.deepEqual(trained.quantize, { format: 'int4', mode: 'qat', learnSteps: true, qatShare: 0.25 });
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

/** The float networks of ../shared/models that are small enough to try in a test. */
function referenceNetworks(): string[] {
  return ['lenet', 'mlperf-tiny', 'har'].flatMap((folder) =>
    readdirSync(sharedPath('models', folder))
      .filter((file) => file.endsWith('.onnx') && !/int8|uint8|qop|dynamic|w4a8|w8a16|tflite|lenet-mnist/.test(file))
      .map((file) => sharedPath('models', folder, file)),
  );
}

function randomPoint(parameters: readonly Parameter[], rng: Rng): Params {
  return Object.fromEntries(
    parameters.map((parameter) => {
      if (parameter.type === 'categorical') {
        return [parameter.name, parameter.choices[rng.nextUint32() % parameter.choices.length]];
      }
      const { low, high, step } = parameter;
      const at = rng.nextUint32() / 2 ** 32;
      const value = low + at * (high - low);
      if (step !== undefined) return [parameter.name, low + step * Math.floor((at * (high - low)) / step)];
      return [parameter.name, parameter.type === 'int' ? Math.round(value) : value];
    }),
  );
}

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

  it('every preset, expanded for every reference network, decodes at random points; what it changes can be built', {
    skip: skipWithoutShared(),
  }, () => {
    for (const file of referenceNetworks()) {
      const graph = importOnnx(readFileSync(file));
      const layers = prunableLayers(graph);
      for (const name of presetNames()) {
        const { parameters, fixed } = expandPreset(loadPreset(name), layers);
        for (let trial = 0; trial < 3; trial++) {
          const params = randomPoint(parameters, createRng(3, trial, `${file}/${name}`));
          const plan = decodePlan(params, layers, fixed, trial);
          if (Object.keys(plan.restructure ?? {}).length > 0 && trial > 0) continue;
          try {
            previewSizes(graph, { ...plan, quantize: { format: 'float32' } }, findBoard('nano33ble'));
          } catch (error) {
            assert.ok(error instanceof CompressionError, `${file} ${name}: ${error}`);
            assert.equal(error.code, 'TARGET_UNREACHABLE', `${file} ${name}: ${error.message}`);
          }
        }
      }
    }
  });

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
