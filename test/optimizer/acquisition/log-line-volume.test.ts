import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type LineSamples, LogLineVolume } from '../../../optimizer/acquisition/log-line-volume.ts';
import type { Marginal } from '../../../optimizer/acquisition/marginal.ts';
import { createRng } from '../../../optimizer/math/rng.ts';
import { hypervolume } from '../../../optimizer/pareto/hypervolume.ts';
import { lineDirections } from '../../../optimizer/samplers/line-strategy.ts';

const REFERENCE = [1.1, 1, 2];
const FRONT = [
  [0.2, 0.7, 1],
  [0.6, 0.1, 1.5],
  [0.8, 0.6, 0.2],
];
const RANGE = [0.9, 0.9, 1.8];
const plain: Marginal = { kind: 'linear', location: 0, scale: 1, shift: 0 };

function samples(lines: number, draws: number): LineSamples {
  const rng = createRng(5);
  const z = Float64Array.from({ length: lines * draws * 3 }, () => rng.nextNormal());
  return { directions: lineDirections(lines, 3, rng), z };
}

describe('hypervolume improvement along lines', () => {
  it('is proportional to the exact improvement of points that are known', () => {
    const gain = new LogLineVolume([plain, plain, plain], FRONT, REFERENCE, RANGE, samples(20_000, 1));
    const points = [
      [0.1, 0.2, 0.5],
      [0.5, 0.5, 0.6],
      [0.7, 0.3, 0.3],
    ];
    const ratios = points.map((f) => {
      const exact = hypervolume([...FRONT, f], REFERENCE) - hypervolume(FRONT, REFERENCE);
      return Math.exp(gain.evaluate(Float64Array.from(f), new Float64Array(3))) / exact;
    });
    for (const ratio of ratios) assert.ok(Math.abs(ratio / ratios[0] - 1) < 0.06, ratios.join(' '));
  });

  it('has the gradient that differences give', () => {
    const marginals: readonly Marginal[] = [plain, { kind: 'log', location: -1, scale: 0.4, shift: -0.1 }, plain];
    const gain = new LogLineVolume(marginals, FRONT, REFERENCE, RANGE, samples(40, 4));
    for (const centre of [0.3, 1.6]) {
      const vectors = [Float64Array.of(centre, 0.4, centre), Float64Array.of(0.2, 0.5, 0.3)];
      const slopes = [new Float64Array(3), new Float64Array(3)];
      gain.evaluate(vectors[0], vectors[1], slopes[0], slopes[1]);
      for (const [which, vector] of vectors.entries()) {
        for (let j = 0; j < 3; j++) {
          const at = (step: number): number => {
            const moved = vector.map((v, k) => (k === j ? v + step : v));
            return which === 0 ? gain.evaluate(moved, vectors[1]) : gain.evaluate(vectors[0], moved);
          };
          const difference = (at(1e-6) - at(-1e-6)) / 2e-6;
          const error = Math.abs(slopes[which][j] - difference);
          assert.ok(error < 1e-4 * (1 + Math.abs(difference)), `${slopes[which][j]} for ${difference}`);
        }
      }
    }
  });
});
