import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { minimizeBounded } from '../../../optimizer/math/lbfgs.ts';

const options = { maxIterations: 500, gradientTolerance: 1e-9, valueTolerance: 1e-16, firstStep: 0.5 };

/** The Rosenbrock valley in two variables. */
function valley(x: Float64Array, gradient: Float64Array): number {
  const [a, b] = [1 - x[0], x[1] - x[0] * x[0]];
  gradient[0] = -2 * a - 400 * b * x[0];
  gradient[1] = 200 * b;
  return a * a + 100 * b * b;
}

describe('minimizeBounded', () => {
  it('follows a curved valley', () => {
    const { x } = minimizeBounded(
      valley,
      Float64Array.of(-1.2, 1),
      Float64Array.of(-5, -5),
      Float64Array.of(5, 5),
      options,
    );
    assert.ok(Math.abs(x[0] - 1) < 1e-5 && Math.abs(x[1] - 1) < 1e-5, String(x));
  });

  it('ends on the bound where the minimum lies outside', () => {
    const { x } = minimizeBounded(
      valley,
      Float64Array.of(0, 0),
      Float64Array.of(-2, -2),
      Float64Array.of(0.5, 2),
      options,
    );
    assert.ok(x[0] === 0.5 && Math.abs(x[1] - 0.25) < 1e-6, String(x));
  });

  it('clamps the start and never returns anything worse', () => {
    const start = Float64Array.of(9, 9);
    const result = minimizeBounded(valley, start, Float64Array.of(0, 0), Float64Array.of(3, 3), {
      ...options,
      maxIterations: 3,
    });
    assert.ok(result.value <= valley(Float64Array.of(3, 3), new Float64Array(2)));
    assert.deepEqual([...start], [9, 9]);
  });

  it('shortens steps into places where the function is undefined', () => {
    const logBarrier = (x: Float64Array, gradient: Float64Array): number => {
      gradient[0] = 1 - 0.01 / x[0];
      return x[0] > 0.001 ? x[0] - 0.01 * Math.log(x[0]) : Number.NaN;
    };
    const { x } = minimizeBounded(logBarrier, Float64Array.of(1), Float64Array.of(-1), Float64Array.of(2), options);
    assert.ok(Math.abs(x[0] - 0.01) < 1e-5, String(x));
  });
});
