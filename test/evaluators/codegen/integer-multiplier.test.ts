/** An integer multiplier has the bits of the float one for every sum in reach, at the steps of the staircase and between them; where ties forbid it there is none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type IntegerMultiplier,
  integerMultiplier,
  type MultiplierRoom,
  type Requantization,
  requantized,
} from '../../../evaluators/codegen/kernels/integer-multiplier.ts';

const ROOMS: readonly MultiplierRoom[] = [
  { fractionBits: 5, leastShift: 0, mostShift: 0 },
  { fractionBits: 13, leastShift: 8, mostShift: 8 },
  { fractionBits: 8, leastShift: 0, mostShift: 8 },
];

/** As the kernels compute it (runtime-c, dnnrt_narrow.h). */
function narrowed(acc: number, { m, s, d }: IntegerMultiplier, { zero, lo, hi }: Requantization, bits: number): number {
  const sum = BigInt(acc) * 2n ** BigInt(s) + BigInt(d);
  assert.ok(sum < 2n ** 31n && sum >= -(2n ** 31n));
  const offset = BigInt(2 * zero + 1) * 2n ** BigInt(bits - 1);
  const y = Number((((sum * BigInt(m)) >> 32n) + offset) >> BigInt(bits));
  return Math.min(hi, Math.max(lo, Math.min(127, Math.max(-128, y))));
}

function agrees(requantization: Requantization, room: MultiplierRoom, least: number, most: number): boolean {
  const integer = integerMultiplier(requantization, { least, most }, room);
  if (integer === null) return false;
  assert.ok(integer.m > 0 && integer.m < 2 ** 31);
  const sums = new Set([least, most]);
  for (let y = -129; y <= 128; y++) {
    const near = Math.round((y - requantization.zero - 0.5) / requantization.multiplier);
    for (let step = -3; step <= 3; step++) sums.add(near + step);
  }
  for (let i = 0; i < 200; i++) sums.add(Math.round(least + ((most - least) * i) / 200));
  for (const acc of sums) {
    if (acc < least || acc > most) continue;
    const got = narrowed(acc, integer, requantization, room.fractionBits);
    assert.equal(got, requantized(acc, requantization), `sum ${acc}, m ${integer.m}`);
  }
  return true;
}

test('integer multipliers that are found have the bits of the float ones', () => {
  let found = 0;
  const exponents = fc.double({ min: -14, max: -1, noNaN: true });
  const reaches = fc.tuple(fc.integer({ min: -(2 ** 23) + 1, max: 0 }), fc.integer({ min: 1, max: 2 ** 23 - 1 }));
  fc.assert(
    fc.property(
      exponents,
      fc.integer({ min: -128, max: 127 }),
      fc.constantFrom([-128, 127], [-20, 60]),
      reaches,
      (e, zero, [lo, hi], [least, most]) => {
        const requantization = { multiplier: Math.fround(2 ** e), zero, lo, hi };
        for (const room of ROOMS) if (agrees(requantization, room, least, most)) found++;
      },
    ),
    { numRuns: 150, seed: 1 },
  );
  assert.ok(found > 100, `${found} found`);
});

test('half-even ties of a scale that is a power of two have no integer multiplier', () => {
  const requantization = { multiplier: 2 ** -7, zero: 0, lo: -128, hi: 127 };
  for (const room of ROOMS) {
    assert.equal(integerMultiplier(requantization, { least: -(2 ** 15), most: 2 ** 15 }, room), null);
  }
});

test('scales that are no numbers, zero or too large have no integer multiplier', () => {
  for (const multiplier of [Number.NaN, 0, -0.01, 1e30, Number.POSITIVE_INFINITY]) {
    const requantization = { multiplier, zero: 3, lo: -128, hi: 127 };
    assert.equal(integerMultiplier(requantization, { least: -1000, most: 1000 }, ROOMS[0]), null);
  }
});
