import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parquetReadObjects } from 'hyparquet';
import { type ParquetColumn, parquetFile } from '../../../src/study/export/parquet-file.ts';

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

async function readBack(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: bytes.slice().buffer });
}

describe('Parquet', () => {
  it('gives a reader back every value with its type, across row groups', async () => {
    const back = await readBack(parquetFile(columns, rows, 16));
    assert.equal(back.length, rows.length);
    for (const [i, { n, x, ok, words, attrs, at }] of rows.entries()) {
      const row = back[i] ?? assert.fail(`no row ${i}`);
      assert.deepEqual(
        [row['n'], row['x'], row['ok'], row['params.words'], row['attrs'], row['at']].map((value) => value ?? null),
        [BigInt(n), x ?? null, ok ?? null, words ?? null, attrs ?? null, at === undefined ? null : new Date(at)],
      );
    }
  });

  it('of no rows is a file, too', async () => {
    assert.deepEqual(await readBack(parquetFile(columns, [])), []);
  });
});
