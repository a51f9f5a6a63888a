import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Acquisition } from '../../../optimizer/acquisition/acquisition.ts';
import { toCandidate } from '../../../optimizer/acquisition/candidate.ts';
import { MixtureAcquisition } from '../../../optimizer/acquisition/mixture-acquisition.ts';
import { createSearchSpace } from '../../../optimizer/space/search-space.ts';

const space = createSearchSpace([
  { name: 'x', type: 'float', low: 0, high: 1 },
  { name: 'y', type: 'float', low: 0, high: 1 },
]);

const hill = (x: number, y: number, height: number): Acquisition => ({
  evaluate({ unit }, gradient) {
    if (gradient) gradient.set([-8 * (unit[0] - x), -8 * (unit[1] - y)]);
    return height - 4 * ((unit[0] - x) ** 2 + (unit[1] - y) ** 2);
  },
});
const impossible: Acquisition = {
  evaluate(_, gradient) {
    gradient?.fill(Number.NaN);
    return Number.NEGATIVE_INFINITY;
  },
};
const at = (x: number, y: number) => toCandidate(space, { x, y });

describe('MixtureAcquisition', () => {
  it('is the logarithm of the mean, with its gradient', () => {
    const parts = [hill(0.2, 0.3, -900), hill(0.7, 0.6, -901), impossible];
    const mixture = new MixtureAcquisition(parts);
    const gradient = new Float64Array(2);
    const value = mixture.evaluate(at(0.4, 0.5), gradient);
    const logs = parts.map((part) => part.evaluate(at(0.4, 0.5)));
    const mean = logs.reduce((sum, log) => sum + Math.exp(log + 900), 0) / 3;
    assert.ok(Math.abs(value - (Math.log(mean) - 900)) < 1e-9);
    const slope = (mixture.evaluate(at(0.4 + 1e-5, 0.5)) - mixture.evaluate(at(0.4 - 1e-5, 0.5))) / 2e-5;
    assert.ok(Math.abs(gradient[0] - slope) < 1e-6);
    const other = (mixture.evaluate(at(0.4, 0.5 + 1e-5)) - mixture.evaluate(at(0.4, 0.5 - 1e-5))) / 2e-5;
    assert.ok(Math.abs(gradient[1] - other) < 1e-6);
  });

  it('is one part as it stands, and impossible where all parts are', () => {
    const one = new MixtureAcquisition([hill(0.1, 0.1, 2)]);
    assert.equal(one.evaluate(at(0.3, 0.4)), hill(0.1, 0.1, 2).evaluate(at(0.3, 0.4)));
    const gradient = new Float64Array(2).fill(1);
    const none = new MixtureAcquisition([impossible, impossible]);
    assert.equal(none.evaluate(at(0, 0), gradient), Number.NEGATIVE_INFINITY);
    assert.deepEqual([...gradient], [0, 0]);
  });
});
