import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHost, runHost } from '../../../../evaluators/build/build-host.ts';
import { hostToolchain, isMissing } from '../../../../evaluators/build/toolchain.ts';
import { lower } from '../../../../evaluators/codegen/lower.ts';
import { expandConstants } from '../../../../evaluators/compress/expand-constants.ts';
import { codebookWeights, float16Weights } from '../../../../evaluators/compress/quantization/stored-weights.ts';
import { board } from '../../../support/boards.ts';
import { temporaryCache } from '../../../support/build-cache.ts';
import { encodedLayers, randomInputs } from '../../../support/encoded-layers.ts';

const skip = isMissing(hostToolchain()) && 'no C compiler';
const cache = temporaryCache();

for (const [name, store] of Object.entries({ float16: float16Weights, codebook: codebookWeights })) {
  test(`${name} weights stay small in flash, are never unpacked as a whole, and give the floats they stand for`, {
    skip,
  }, async () => {
    const stored = store(encodedLayers(41, 20));
    const program = lower(stored, board('host'));
    assert.ok(program.steps.every(({ kernel }) => !/gather|cast/.test(kernel)));
    const plain = lower(expandConstants(stored), board('host'), { weights: 'dense' });
    const inputs = [randomInputs(stored, 7)];
    const [small, large] = await Promise.all(
      [program, plain].map(async (each) => {
        const built = await buildHost(each, cache);
        assert.ok(built.kind === 'built');
        return (await runHost(built, inputs)).outputs;
      }),
    );
    assert.deepEqual(small, large);
    const weightBytes = (each: typeof program) => each.constants.reduce((sum, { bytes }) => sum + bytes, 0);
    assert.ok(weightBytes(program) < 0.7 * weightBytes(plain), `${weightBytes(program)} of ${weightBytes(plain)}`);
  });
}
