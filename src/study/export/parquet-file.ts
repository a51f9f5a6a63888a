/**
 * Tables as Parquet (parquet-format 2.9, parquet.thrift): flat optional columns, one data page each per row group, plain and uncompressed.
 * That is the part of the format that every reader knows.
 */
import { binary, encodeThrift, i32, i64, list, struct, type ThriftValue, varint } from './thrift-compact.ts';

export type ParquetType = 'boolean' | 'int' | 'double' | 'text' | 'json' | 'time';

export interface ParquetColumn<Row> {
  readonly title: string;
  readonly type: ParquetType;
  /** Undefined or null = no value. `time`: ISO 8601; `json`: anything that has a JSON form. */
  readonly read: (row: Row) => unknown;
}

const MAGIC = Buffer.from('PAR1');
const [BOOLEAN, INT64, DOUBLE, BYTE_ARRAY] = [0, 2, 5, 6];
const PHYSICAL: Readonly<Record<ParquetType, number>> = {
  boolean: BOOLEAN,
  int: INT64,
  double: DOUBLE,
  text: BYTE_ARRAY,
  json: BYTE_ARRAY,
  time: INT64,
};
/** How readers are to understand the stored type. */
const CONVERTED: Partial<Readonly<Record<ParquetType, number>>> = { text: 0, time: 9, json: 19 };
const OPTIONAL = 1;
const [PLAIN, RLE] = [0, 3];

/** Bits, the lowest first. */
function packBits(bits: readonly boolean[]): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits.length / 8));
  bits.forEach((bit, i) => {
    if (bit) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bytes;
}

function prefixed(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function encodeValues(type: ParquetType, values: readonly unknown[]): Buffer {
  switch (type) {
    case 'boolean':
      return packBits(values.map(Boolean));
    case 'double': {
      const bytes = Buffer.alloc(8 * values.length);
      values.forEach((value, i) => {
        bytes.writeDoubleLE(Number(value), 8 * i);
      });
      return bytes;
    }
    case 'int':
    case 'time': {
      const bytes = Buffer.alloc(8 * values.length);
      values.forEach((value, i) => {
        bytes.writeBigInt64LE(BigInt(type === 'time' ? Date.parse(String(value)) : Number(value)), 8 * i);
      });
      return bytes;
    }
    case 'text':
      return Buffer.concat(values.map((value) => prefixed(Buffer.from(String(value), 'utf8'))));
    case 'json':
      return Buffer.concat(values.map((value) => prefixed(Buffer.from(JSON.stringify(value), 'utf8'))));
  }
}

/** One data page: a bit per row that says whether there is a value, then the values. */
function encodePage(type: ParquetType, values: readonly unknown[]): Buffer {
  const isPresent = values.map((value) => value !== undefined && value !== null);
  const flags = packBits(isPresent);
  // One bit-packed run of groups of eight.
  const levels = prefixed(Buffer.concat([Buffer.from(varint(2 * flags.length + 1)), flags]));
  const data = encodeValues(
    type,
    values.filter((_, i) => isPresent[i]),
  );
  const body = Buffer.concat([levels, data]);
  const header = struct({
    1: i32(0),
    2: i32(body.length),
    3: i32(body.length),
    5: struct({ 1: i32(values.length), 2: i32(PLAIN), 3: i32(RLE), 4: i32(RLE) }),
  });
  return Buffer.concat([encodeThrift(header), body]);
}

function schemaOf(columns: readonly Pick<ParquetColumn<never>, 'title' | 'type'>[]): ThriftValue {
  const root = struct({ 4: binary('schema'), 5: i32(columns.length) });
  const leaves = columns.map(({ title, type }) => {
    const converted = CONVERTED[type];
    return struct({
      1: i32(PHYSICAL[type]),
      3: i32(OPTIONAL),
      4: binary(title),
      ...(converted !== undefined && { 6: i32(converted) }),
    });
  });
  return list('struct', [root, ...leaves]);
}

/** The file in pieces. Titles must differ. `groupRows` rows are in memory at a time. */
export function* parquetFile<Row>(
  columns: readonly ParquetColumn<Row>[],
  rows: readonly Row[],
  groupRows = 50_000,
): Generator<Uint8Array> {
  let offset = MAGIC.length;
  const groups: ThriftValue[] = [];
  yield MAGIC;
  for (let start = 0; start < rows.length; start += groupRows) {
    const part = rows.slice(start, start + groupRows);
    const chunks: ThriftValue[] = [];
    let bytes = 0;
    for (const { title, type, read } of columns) {
      const page = encodePage(type, part.map(read));
      const meta = struct({
        1: i32(PHYSICAL[type]),
        2: list('i32', [i32(PLAIN), i32(RLE)]),
        3: list('binary', [binary(title)]),
        4: i32(0),
        5: i64(part.length),
        6: i64(page.length),
        7: i64(page.length),
        9: i64(offset),
      });
      chunks.push(struct({ 2: i64(offset), 3: meta }));
      offset += page.length;
      bytes += page.length;
      yield page;
    }
    groups.push(struct({ 1: list('struct', chunks), 2: i64(bytes), 3: i64(part.length) }));
  }
  const footer = encodeThrift(
    struct({
      1: i32(1),
      2: schemaOf(columns),
      3: i64(rows.length),
      4: list('struct', groups),
      6: binary('tinypareto'),
    }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  yield Buffer.concat([footer, length, MAGIC]);
}
