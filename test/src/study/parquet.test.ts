import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { type ParquetColumn, parquetFile } from '../../../src/study/export/parquet-file.ts';
import { binary, encodeThrift, i32, i64, list, struct, varint } from '../../../src/study/export/thrift-compact.ts';

interface Row {
  readonly n: number;
  readonly x?: number;
  readonly ok?: boolean | null;
  readonly words?: string;
  readonly attrs?: unknown;
  readonly at?: string;
}

const columns: readonly ParquetColumn<Row>[] = [
  { title: 'n', type: 'int', read: ({ n }) => n },
  { title: 'x', type: 'double', read: ({ x }) => x },
  { title: 'ok', type: 'boolean', read: ({ ok }) => ok },
  { title: 'params.words', type: 'text', read: ({ words }) => words },
  { title: 'attrs', type: 'json', read: ({ attrs }) => attrs },
  { title: 'at', type: 'time', read: ({ at }) => at },
];
const rows: readonly Row[] = Array.from({ length: 21 }, (_, i) => ({
  n: i - 2 ** 40 * (i % 2),
  ...(i % 3 !== 0 && { x: i / 7 }),
  ok: i % 4 === 0 ? null : i % 5 === 0,
  ...(i % 2 === 0 && { words: i === 4 ? '' : `größe ${'y'.repeat(i)}` }),
  ...(i % 7 === 1 && { attrs: { deep: [i, null] } }),
  ...(i > 10 && { at: new Date(1_700_000_000_123 + i).toISOString() }),
}));

/** Written by this code and read by pyarrow 26 and hyparquet 1.31 to the rows above. */
const golden = new URL('../../golden/export/rows.parquet', import.meta.url);

describe('Parquet', () => {
  it('is, byte for byte, the file that other readers have read', () => {
    const bytes = Buffer.concat([...parquetFile(columns, rows, 16)]);
    if (process.env['UPDATE_GOLDEN'] === '1') {
      mkdirSync(new URL('.', golden), { recursive: true });
      writeFileSync(golden, bytes);
    }
    assert.ok(bytes.equals(readFileSync(golden)));
  });

  it('of no rows is a file, too', () => {
    const bytes = Buffer.concat([...parquetFile(columns, [])]);
    assert.equal(bytes.subarray(0, 4).toString(), 'PAR1');
    assert.equal(bytes.subarray(-4).toString(), 'PAR1');
    assert.equal(bytes.readUInt32LE(bytes.length - 8), bytes.length - 12);
  });
});

describe("Thrift's compact protocol", () => {
  it('has the bytes of its specification', () => {
    assert.deepEqual(varint(0), [0]);
    assert.deepEqual(varint(300), [0xac, 2]);
    assert.deepEqual([...encodeThrift(i32(-1))], [1]);
    assert.deepEqual([...encodeThrift(i64(2 ** 40))].length, 6);
    const fields = struct({ 1: i32(1), 20: list('i32', [i32(3)]), 21: binary('ab') });
    // The jump from field 1 to 20 does not fit four bits, so the id follows the type.
    assert.deepEqual([...encodeThrift(fields)], [0x15, 2, 0x09, 40, 0x15, 6, 0x18, 2, 97, 98, 0]);
  });
});
