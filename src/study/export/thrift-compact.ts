/** Structures in Thrift's compact protocol (thrift/doc/specs/thrift-compact-protocol.md), as far as the footer of a Parquet file needs it. */

export type ThriftValue =
  | { readonly kind: 'i32' | 'i64'; readonly value: number }
  | { readonly kind: 'binary'; readonly value: string }
  | { readonly kind: 'list'; readonly of: ThriftValue['kind']; readonly values: readonly ThriftValue[] }
  | { readonly kind: 'struct'; readonly fields: ReadonlyMap<number, ThriftValue> };

const TYPES = { i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const satisfies Record<ThriftValue['kind'], number>;
/** Lists of fewer elements have their size in the first byte. */
const SHORT_LIST = 15;
/** Field ids that are further apart are written in full. */
const MOST_STEP = 15;

export const i32 = (value: number): ThriftValue => ({ kind: 'i32', value });
export const i64 = (value: number): ThriftValue => ({ kind: 'i64', value });
export const binary = (value: string): ThriftValue => ({ kind: 'binary', value });
export const list = (of: ThriftValue['kind'], values: readonly ThriftValue[]): ThriftValue => ({
  kind: 'list',
  of,
  values,
});
/** Fields by their id, ascending. */
export const struct = (fields: Readonly<Record<number, ThriftValue>>): ThriftValue => ({
  kind: 'struct',
  fields: new Map(Object.entries(fields).map(([id, value]) => [Number(id), value])),
});

/** A non-negative integer, seven bits a byte, the lowest first. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
    if (rest === 0) return bytes;
  }
}

/** Zigzag: small numbers of either sign stay short. */
const signed = (value: number): number[] => varint(value >= 0 ? 2 * value : -2 * value - 1);

function write(out: number[], value: ThriftValue): void {
  switch (value.kind) {
    case 'i32':
    case 'i64':
      out.push(...signed(value.value));
      break;
    case 'binary': {
      const bytes = Buffer.from(value.value, 'utf8');
      out.push(...varint(bytes.length), ...bytes);
      break;
    }
    case 'list': {
      const { length } = value.values;
      const type = TYPES[value.of];
      if (length < SHORT_LIST) out.push((length << 4) | type);
      else out.push((SHORT_LIST << 4) | type, ...varint(length));
      for (const each of value.values) write(out, each);
      break;
    }
    case 'struct': {
      let last = 0;
      for (const [id, field] of value.fields) {
        const step = id - last;
        if (step > 0 && step <= MOST_STEP) out.push((step << 4) | TYPES[field.kind]);
        else out.push(TYPES[field.kind], ...signed(id));
        write(out, field);
        last = id;
      }
      out.push(0);
      break;
    }
  }
}

export function encodeThrift(value: ThriftValue): Uint8Array {
  const out: number[] = [];
  write(out, value);
  return Uint8Array.from(out);
}
