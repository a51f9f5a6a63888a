import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NpyError, readNpy, readNpz, writeNpy, writeNpz } from '../../../evaluators/ir/npy.ts';
import { type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { readZip, writeZip, ZipError } from '../../../evaluators/ir/zip.ts';

function npy(header: string, data: Uint8Array): Uint8Array {
  const text = `${header}\n`;
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 0xff, text.length >> 8]),
    Buffer.from(text),
    data,
  ]);
}

describe('.npy', () => {
  it('gives back what was written, for every shape and type', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), (shape) => {
        const count = shape.reduce((product, size) => product * size, 1);
        for (const original of [
          tensor(
            'float32',
            shape,
            Float32Array.from({ length: count }, (_, i) => i / 3),
          ),
          tensor(
            'int8',
            shape,
            Int8Array.from({ length: count }, (_, i) => -i),
          ),
          tensor(
            'int64',
            shape,
            BigInt64Array.from({ length: count }, (_, i) => BigInt(i) - 5n),
          ),
        ]) {
          assert.deepEqual(readNpy(writeNpy(original)), original);
        }
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it('aligns the data to 64 bytes', () => {
    const file = writeNpy(tensor('float32', [3], Float32Array.of(1, 2, 3)));
    assert.equal((file.length - 12) % 64, 0);
  });

  it('turns Fortran order into C order', () => {
    const file = npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", Uint8Array.of(1, 4, 2, 5, 3, 6));
    assert.deepEqual([...readNpy(file).data], [1, 2, 3, 4, 5, 6]);
  });

  it('says what is wrong with a file', () => {
    const good = writeNpy(tensor('float32', [4], Float32Array.of(1, 2, 3, 4)));
    assert.throws(() => readNpy(good.subarray(0, good.length - 3)), /cut off: shape \[4\]/);
    assert.throws(() => readNpy(Buffer.from('hello, this is not a tensor')), /not a .npy file/);
    assert.throws(
      () => readNpy(npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", new Uint8Array(4))),
      /big-endian/,
    );
    assert.throws(
      () => readNpy(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", new Uint8Array(8))),
      NpyError,
    );
    assert.throws(
      () =>
        readNpy(
          npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999, 99999999, 99), }", new Uint8Array(8)),
        ),
      NpyError,
    );
  });
});

describe('.npz and ZIP', () => {
  it('gives back the arrays by name', () => {
    const arrays = new Map<string, Tensor>([
      ['x', tensor('float32', [2, 2], Float32Array.of(1, 2, 3, 4))],
      ['labels', tensor('uint8', [300], new Uint8Array(300).fill(7))],
    ]);
    assert.deepEqual(readNpz(writeNpz(arrays)), arrays);
  });

  it('never hangs or crashes on damaged archives', () => {
    const archive = writeZip([{ name: 'a.txt', bytes: new Uint8Array(1000).fill(65) }]);
    fc.assert(
      fc.property(fc.nat(archive.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const damaged = archive.slice();
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        try {
          readZip(damaged);
        } catch (error) {
          assert.ok(error instanceof ZipError, String(error));
        }
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('refuses an entry larger than the limit', () => {
    const archive = writeZip([{ name: 'zeros', bytes: new Uint8Array(1 << 20) }]);
    assert.throws(() => readZip(archive, 1000), /larger than the limit/);
  });
});
