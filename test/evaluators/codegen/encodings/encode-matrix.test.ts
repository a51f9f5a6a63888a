import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { candidateEncodings, chooseEncoding } from '../../../../evaluators/codegen/encodings/choose-encoding.ts';
import {
  type EncodedMatrix,
  encodings,
  PLACE_CODINGS,
  VALUE_CODINGS,
} from '../../../../evaluators/codegen/encodings/encode-matrix.ts';
import type { WeightMatrix } from '../../../../evaluators/codegen/encodings/weight-matrix.ts';

const SPECIAL = [0, -0, 1, -1, 65504, 2 ** -24, -(2 ** -15), 3.4028234663852886e38, 1.401298464324817e-45, 0.1];

/** Random matrices from empty to full, of few or many values, floats and bytes, with zero points. */
const matrices = fc
  .record({
    rows: fc.integer({ min: 1, max: 5 }),
    columns: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 250, max: 700 })),
    density: fc.constantFrom(0, 0.002, 0.03, 0.1, 0.3, 0.5, 0.9, 1),
    levels: fc.constantFrom(1, 3, 16, 300),
    float: fc.boolean(),
    zero: fc.constantFrom(0, 0, -128, 3, 127),
    seed: fc.integer({ min: 1, max: 2 ** 30 }),
  })
  .map(({ rows, columns, density, levels, float, zero, seed }): WeightMatrix => {
    let state = seed;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const draw = () => (float ? SPECIAL[Math.floor(next() * SPECIAL.length)] : Math.floor(next() * levels) - 8);
    const data = Array.from({ length: rows * columns }, () => {
      const value = float && levels === 300 ? next() - 0.5 : draw();
      return next() < density ? (value ?? 0) : float ? 0 : zero;
    });
    return {
      rows,
      columns,
      values: float ? Float32Array.from(data) : Int8Array.from(data),
      zeroOf: () => (float ? 0 : zero),
    };
  });

/** The matrix read back from the streams alone. */
function decoded({ places, values }: EncodedMatrix, matrix: WeightMatrix): number[] {
  const { rows, columns, zeroOf } = matrix;
  const placeCoding = PLACE_CODINGS.find(({ name }) => name === places.coding);
  const valueCoding = VALUE_CODINGS.find(({ name }) => name === values.coding);
  assert.ok(placeCoding !== undefined && valueCoding !== undefined);
  const rowColumns = placeCoding.decode(places, matrix);
  const count = rowColumns.reduce((sum, row) => sum + row.length, 0);
  const stored = valueCoding.decode(values, count);
  const result = Array.from({ length: rows * columns }, (_, i) => zeroOf(Math.floor(i / columns)));
  let at = 0;
  rowColumns.forEach((row, r) => {
    row.forEach((column, i) => {
      assert.ok(column < columns && (i === 0 || column >= (row[i - 1] ?? 0)));
      const value = stored[at++] ?? Number.NaN;
      // Fillers repeat the zero; they never overwrite a value.
      if (value !== zeroOf(r)) result[r * columns + column] = value;
    });
  });
  return result;
}

const plain = (matrix: WeightMatrix) => Array.from(matrix.values, (value) => (value === 0 ? 0 : value));

test('every encoding gives back the matrix from its streams', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(matrices, (matrix) => {
      for (const encoded of encodings(matrix, { huffman: true })) {
        seen.add(encoded.places.coding).add(encoded.values.coding);
        assert.deepEqual(
          decoded(encoded, matrix).map((value) => (value === 0 ? 0 : value)),
          plain(matrix),
        );
      }
    }),
    { seed: 5, numRuns: 300 },
  );
  assert.equal(seen.size, PLACE_CODINGS.length + VALUE_CODINGS.length);
});

test('the chosen encoding is never larger than the plain tensor and within 3 % of the smallest', () => {
  fc.assert(
    fc.property(matrices, fc.constantFrom('cortex-m0plus' as const, 'cortex-m4f' as const), (matrix, core) => {
      const chosen = chooseEncoding(matrix, { core, pixels: 9 });
      const dense = Math.ceil(matrix.values.byteLength / 4) * 4;
      const bytes = chosen === null ? dense : chosen.bytes + 32;
      const best = Math.min(dense, ...encodings(matrix).map((each) => each.bytes + 32));
      assert.ok(bytes <= dense && bytes <= 1.03 * best, `${bytes} of ${dense}, best ${best}`);
    }),
    { seed: 6, numRuns: 200 },
  );
});

test('the fast goal keeps half-empty weights plain where a kernel multiplies them faster, and skips the zeros of sparse ones', () => {
  const matrixOf = (every: number): WeightMatrix => {
    const values = Int8Array.from({ length: 64 * 256 }, (_, i) => (i % every === 0 ? (i % 251) - 125 || 1 : 0));
    return { rows: 64, columns: 256, values, zeroOf: () => 0 };
  };
  const task = { core: 'cortex-m4f', pixels: 100, tuned: true } as const;
  assert.equal(chooseEncoding(matrixOf(2), { ...task, goal: 'fast' }), null);
  assert.notEqual(chooseEncoding(matrixOf(2), task), null);
  assert.notEqual(chooseEncoding(matrixOf(20), { ...task, goal: 'fast' }), null);
});

test('prefix codes are within one bit of the entropy and never chosen unless asked for', () => {
  const values = Int8Array.from({ length: 4000 }, (_, i) => Math.round(40 * Math.sin(i) ** 9));
  const matrix = { rows: 4, columns: 1000, values, zeroOf: () => 0 };
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const entropy = [...counts.values()].reduce((sum, n) => sum - (n / 4000) * Math.log2(n / 4000), 0);
  const huffman = encodings(matrix, { places: ['all'], huffman: true }).find(
    ({ values: coded }) => coded.coding === 'huffman_s8',
  );
  const bits = (8 * (huffman?.values.stream.data.byteLength ?? 0)) / 4000;
  assert.ok(bits >= entropy && bits < entropy + 1, `${bits} bits, entropy ${entropy}`);
  const task = { core: 'cortex-m0plus', pixels: 4 } as const;
  assert.notEqual(chooseEncoding(matrix, task)?.values.coding, 'huffman_s8');
  assert.equal(chooseEncoding(matrix, { ...task, goal: 'smallest' })?.values.coding, 'huffman_s8');
});

test('a tensor that cannot gain is not searched', () => {
  const values = Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i + 1));
  assert.deepEqual(candidateEncodings({ rows: 8, columns: 512, values, zeroOf: () => 0 }), []);
});
