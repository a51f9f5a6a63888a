/** Operations that translated code calls because one line of JavaScript does not hold them. */

/** Second results: high word of a 64-bit result, GE bits of a parallel operation, cycles so far and their limit. */
export interface MachineState {
  high: number;
  ge: number;
  cycles: number;
  limit: number;
}

/** Flags of the last floating-point comparison. */
export interface FpuFlags {
  nz: number;
  c: number;
  v: number;
}

export function createSupport(M: MachineState, F: FpuFlags) {
  const wide = new DataView(new ArrayBuffer(8));

  const sat = (value: number, low: number, high: number): number =>
    (value < low ? low : value > high ? high : value) | 0;

  const add64 = (value: number, lo: number, hi: number): number => {
    const low = (lo + value) | 0;
    const carry = low >>> 0 < lo >>> 0 ? 1 : 0;
    M.high = (hi + (value < 0 ? -1 : 0) + carry) | 0;
    return low;
  };

  /** a · b + (hi : lo), low word returned, high word in M.high. */
  const mul64 = (a: number, b: number, signed: number, lo: number, hi: number): number => {
    const al = a & 0xffff;
    const bl = b & 0xffff;
    const ah = a >>> 16;
    const bh = b >>> 16;
    const middle = ah * bl + ((al * bl) >>> 16);
    const cross = (middle & 0xffff) + al * bh;
    let high = (ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) | 0;
    if (signed === 1) high = (high - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
    const product = Math.imul(a, b);
    const low = (product + lo) | 0;
    M.high = (high + hi + (low >>> 0 < product >>> 0 ? 1 : 0)) | 0;
    return low;
  };

  const umaal = (a: number, b: number, lo: number, hi: number): number => {
    const low = mul64(a, b, 0, lo, 0);
    const sum = (low + hi) | 0;
    M.high = (M.high + (sum >>> 0 < low >>> 0 ? 1 : 0)) | 0;
    return sum;
  };

  /** SMMUL, SMMLA, SMMLS: high word of accumulator · 2^32 ± a · b, rounded on request. */
  const high = (a: number, b: number, accumulator: number, round: number, sign: number): number => {
    const total = (BigInt(accumulator) << 32n) + BigInt(sign) * BigInt(a) * BigInt(b) + (round ? 0x80000000n : 0n);
    return Number(BigInt.asIntN(32, total >> 32n));
  };

  const rbit = (value: number): number => {
    let result = 0;
    for (let i = 0; i < 32; i++) result |= ((value >>> i) & 1) << (31 - i);
    return result;
  };

  const sad8 = (a: number, b: number): number => {
    let sum = 0;
    for (let shift = 0; shift < 32; shift += 8) sum += Math.abs(((a >>> shift) & 255) - ((b >>> shift) & 255));
    return sum;
  };

  /** One lane of a parallel operation; prefix 0 S, 1 Q, 2 SH, 4 U, 5 UQ, 6 UH. Sets the lane's GE value. */
  const lane = (sum: number, bits: number, prefix: number, isAdd: boolean): { value: number; ge: boolean } => {
    const mask = 2 ** bits - 1;
    switch (prefix) {
      case 1:
        return { value: sat(sum, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1) & mask, ge: false };
      case 2:
      case 6:
        return { value: (sum >> 1) & mask, ge: false };
      case 5:
        return { value: sat(sum, 0, mask), ge: false };
      case 4:
        return { value: sum & mask, ge: isAdd ? sum > mask : sum >= 0 };
      default:
        return { value: sum & mask, ge: sum >= 0 };
    }
  };

  /** op 0 ADD8, 1 ADD16, 2 ASX, 4 SUB8, 5 SUB16, 6 SAX. */
  const simd = (op: number, prefix: number, n: number, m: number): number => {
    const bits = op === 0 || op === 4 ? 8 : 16;
    const part = (word: number, index: number) => {
      const raw = (word >>> (index * bits)) & (2 ** bits - 1);
      return prefix < 4 && raw >= 2 ** (bits - 1) ? raw - 2 ** bits : raw;
    };
    let result = 0;
    M.ge = 0;
    for (let index = 0; index < 32 / bits; index++) {
      const crossed = op === 2 || op === 6 ? 1 - index : index;
      const isAdd = op < 2 || (op === 2 && index === 1) || (op === 6 && index === 0);
      const sum = part(n, index) + (isAdd ? 1 : -1) * part(m, crossed);
      const { value, ge } = lane(sum, bits, prefix, isAdd);
      result |= value << (index * bits);
      if (ge) M.ge |= (bits === 8 ? 1 : 3) << (index * (bits === 8 ? 1 : 2));
    }
    return result;
  };

  /** a · b + c with one rounding to float32: the sum in double, corrected where it is a tie that was itself rounded. */
  const fma = (a: number, b: number, c: number): number => {
    const product = a * b;
    const sum = product + c;
    wide.setFloat64(0, sum);
    if ((wide.getUint32(4) & 0x1fffffff) !== 0x10000000) return Math.fround(sum);
    const back = sum - product;
    const error = product - (sum - back) + (c - back);
    if (error !== 0) wide.setUint32(4, wide.getUint32(4) + (error > 0 === sum > 0 ? 1 : -1));
    return Math.fround(wide.getFloat64(0));
  };

  const fcmp = (a: number, b: number): void => {
    F.nz = a === b ? 0 : a < b ? -1 : 1;
    F.c = a < b ? 0 : 1;
    F.v = Number.isNaN(a) || Number.isNaN(b) ? 1 : 0;
  };

  const halfEven = (x: number): number => {
    const floor = Math.floor(x);
    const rest = x - floor;
    if (rest !== 0.5) return Math.round(x);
    return floor % 2 === 0 ? floor : floor + 1;
  };
  const toSigned = (x: number): number => (Number.isNaN(x) ? 0 : sat(x, -2147483648, 2147483647));
  const toUnsigned = (x: number): number => (x > 0 ? Math.min(x, 4294967295) >>> 0 : 0) | 0;

  return { sat, add64, mul64, umaal, high, rbit, sad8, simd, fma, fcmp, halfEven, toSigned, toUnsigned };
}
