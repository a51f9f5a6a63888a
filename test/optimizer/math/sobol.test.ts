import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng } from '../../../optimizer/math/rng.ts';
import { createSobol } from '../../../optimizer/math/sobol.ts';

describe('createSobol', () => {
  it('starts with the points that SciPy prints for qmc.Sobol(5, scramble=False)', () => {
    const points = createSobol(5).points(0, 6);
    assert.deepEqual(Array.from(points), [
      ...[0, 0, 0, 0, 0],
      ...[0.5, 0.5, 0.5, 0.5, 0.5],
      ...[0.75, 0.25, 0.25, 0.25, 0.75],
      ...[0.25, 0.75, 0.75, 0.75, 0.25],
      ...[0.375, 0.375, 0.625, 0.875, 0.375],
      ...[0.875, 0.875, 0.125, 0.375, 0.875],
    ]);
  });

  for (const scramble of [false, true]) {
    it(`puts one of 256 points into each interval of every coordinate, ${scramble ? 'scrambled' : 'plain'}`, () => {
      const dimension = 300;
      const sequence = createSobol(dimension, scramble ? createRng(4) : undefined);
      const points = sequence.points(0, 256);
      for (let d = 0; d < dimension; d++) {
        const seen = new Set<number>();
        for (let i = 0; i < 256; i++) seen.add(Math.floor(points[i * dimension + d] * 256));
        assert.equal(seen.size, 256);
      }
    });
  }

  it('gives the same point alone and in a row, from any start', () => {
    const sequence = createSobol(7, createRng(9));
    const row = sequence.points(0, 40);
    for (let i = 0; i < 40; i++) assert.deepEqual(sequence.point(i), row.slice(i * 7, i * 7 + 7));
    assert.deepEqual(sequence.points(13, 5), row.slice(13 * 7, 18 * 7));
  });

  it('integrates a product function far better than chance', () => {
    const d = 6;
    const points = createSobol(d, createRng(1)).points(0, 4096);
    let sum = 0;
    for (let i = 0; i < 4096; i++) {
      let product = 1;
      for (let j = 0; j < d; j++) product *= 1 + (points[i * d + j] - 0.5) / (j + 1);
      sum += product;
    }
    assert.ok(Math.abs(sum / 4096 - 1) < 1e-4);
  });
});
