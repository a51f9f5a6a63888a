/** Tables as Parquet: flat optional columns with types. */
import { parquetWriteBuffer } from 'hyparquet-writer';

export type ParquetType = 'boolean' | 'int' | 'double' | 'text' | 'json' | 'time';

export interface ParquetColumn<Row> {
  readonly title: string;
  readonly type: ParquetType;
  /** Undefined or null = no value. `time`: ISO 8601; `json`: anything that has a JSON form. */
  readonly read: (row: Row) => unknown;
}

const STORED = {
  boolean: 'BOOLEAN',
  int: 'INT64',
  double: 'DOUBLE',
  text: 'STRING',
  json: 'JSON',
  time: 'TIMESTAMP',
} as const;

function stored(type: ParquetType, value: unknown): unknown {
  if (value === undefined || value === null) return null;
  switch (type) {
    case 'boolean':
      return Boolean(value);
    case 'int':
      return BigInt(Number(value));
    case 'double':
      return Number(value);
    case 'text':
      return String(value);
    case 'time':
      return new Date(String(value));
    case 'json':
      return value;
  }
}

/** Titles must differ. `groupRows` rows make a row group. */
export function parquetFile<Row>(
  columns: readonly ParquetColumn<Row>[],
  rows: readonly Row[],
  groupRows = 50_000,
): Uint8Array {
  const columnData = columns.map(({ title, type, read }) => ({
    name: title,
    type: STORED[type],
    nullable: true,
    data: rows.map((row) => stored(type, read(row))),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: groupRows, createdBy: 'tinypareto' }));
}
