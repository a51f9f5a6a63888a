import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createRng, philox4x32 } from '../../../optimizer/math/rng.ts';

describe('philox4x32', () => {
  // The known answers that the authors publish with Random123 (kat_vectors, philox4x32 with 10 rounds).
  const answers: [counter: number[], key: [number, number], out: number[]][] = [
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ];
  for (const [counter, key, out] of answers) {
    it(`encrypts counter ${counter[0].toString(16)} … as published`, () => {
      const words = Uint32Array.from(counter);
      philox4x32(words, ...key);
      assert.deepEqual(Array.from(words), out);
    });
  }

  it('is what createRng draws from', () => {
    const rng = createRng(0);
    assert.deepEqual(
      [0, 1, 2, 3].map(() => rng.nextUint32()),
      answers[0][2],
    );
  });
});

describe('createRng', () => {
  it('gives the same stream for the same key', () => {
    const a = createRng(7, 3, 'suggest');
    const b = createRng(7, 3, 'suggest');
    for (let i = 0; i < 100; i++) assert.equal(a.nextUint32(), b.nextUint32());
  });

  it('gives other streams for another seed, index or purpose', () => {
    const first = (seed: number, index: number, purpose: string) => createRng(seed, index, purpose).nextUint32();
    const draws = [first(7, 3, 'a'), first(8, 3, 'a'), first(7, 4, 'a'), first(7, 3, 'b'), first(7 + 2 ** 32, 3, 'a')];
    assert.equal(new Set(draws).size, draws.length);
  });

  it('is uniform and normal to within sampling error', () => {
    const rng = createRng(1);
    const n = 20_000;
    let uniformSum = 0;
    let normalSum = 0;
    let normalSquares = 0;
    for (let i = 0; i < n; i++) {
      uniformSum += rng.nextFloat();
      const z = rng.nextNormal();
      normalSum += z;
      normalSquares += z * z;
    }
    assert.ok(Math.abs(uniformSum / n - 0.5) < 0.01);
    assert.ok(Math.abs(normalSum / n) < 0.03);
    assert.ok(Math.abs(normalSquares / n - 1) < 0.04);
  });

  it('draws integers in range without leaving one out', () => {
    const rng = createRng(2);
    const seen = new Set<number>();
    for (let i = 0; i < 500; i++) seen.add(rng.nextInt(7));
    assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4, 5, 6]);
  });
});
