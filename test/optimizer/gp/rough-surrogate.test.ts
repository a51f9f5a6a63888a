/** When exact values are read as a trend with ripples, and when not. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { softClipTransform } from '../../../optimizer/gp/output-transform.ts';
import { roughSurrogate } from '../../../optimizer/gp/rough-surrogate.ts';
import { type OutputData, Surrogate } from '../../../optimizer/gp/surrogate.ts';
import { createRng } from '../../../optimizer/math/rng.ts';

const options = { kinds: ['subsets52', 'subsetsRbf'], maxIterations: 60 } as const;

/** A bowl over the unit square with `ripples` of its height on it, at 50 random points. */
function bowl(ripples: number, error: number): OutputData {
  const rng = createRng(3, 0, 'rough');
  const rows = Array.from({ length: 50 }, () => Float64Array.of(rng.nextFloat(), rng.nextFloat()));
  const values = rows.map(([a, b]) => {
    const waves = Math.sin(97 * a + 1) * Math.sin(97 * b + 1);
    return (a - 0.3) ** 2 + (b - 0.5) ** 2 + ripples * waves;
  });
  const column = { kind: 'numeric', isConditional: false } as const;
  return { columns: [column, column], rows, values, errors: values.map(() => error) };
}

function readings(output: OutputData): { exact: Surrogate; rough: Surrogate | undefined } {
  const exact = Surrogate.fitBest(output, [softClipTransform(output.values, 1, 1)], options);
  assert.ok(exact !== undefined);
  return { exact, rough: roughSurrogate(output, exact, options) };
}

describe('the rough reading of exact values', () => {
  it('finds the trend below the ripples', () => {
    const { exact, rough } = readings(bowl(0.05, 0));
    assert.ok(rough !== undefined);
    // Root mean square distance from the bowl without ripples.
    const miss = (surrogate: Surrogate): number => {
      let sum = 0;
      for (let i = 0; i <= 20; i++) {
        for (let k = 0; k <= 20; k++) {
          const [a, b] = [i / 20, k / 20];
          surrogate.model.predict(Float64Array.of(a, b));
          const predicted = surrogate.transform.inverse(surrogate.model.means[0]);
          sum += (predicted - (a - 0.3) ** 2 - (b - 0.5) ** 2) ** 2;
        }
      }
      return Math.sqrt(sum / 441);
    };
    assert.ok(miss(rough) < 0.5 * miss(exact), `${miss(rough)} instead of ${miss(exact)}`);
  });

  it('is not taken where values are smooth, nor where their noise is stated', () => {
    assert.equal(readings(bowl(0, 0)).rough, undefined);
    assert.equal(readings(bowl(0.05, 0.01)).rough, undefined);
  });
});
