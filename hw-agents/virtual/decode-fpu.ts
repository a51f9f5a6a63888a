/** The single-precision floating-point unit FPv4-SP (ARMv7-M manual, A6.4–A6.7) as translator text. S[i] = float, I[i] = bits. */
import type { Decoded } from './decode-thumb16.ts';
import type { MemoryUse } from './instruction.ts';

const OTHER: MemoryUse = { kind: 'other' };

export function decodeFpu(h1: number, h2: number, address: number): Decoded | null {
  const coprocessor = (h2 >> 8) & 15;
  if (coprocessor !== 10 && coprocessor !== 11) return null;
  if ((h1 & 0xffe0) === 0xec40) return twoRegisters(h1, h2);
  if ((h1 & 0xfe00) === 0xec00) return transfer(h1, h2, address, coprocessor === 11);
  if ((h1 & 0xff00) !== 0xee00) return null;
  if (h2 & 0x10) return coreRegister(h1, h2);
  return coprocessor === 10 ? arithmetic(h1, h2) : null;
}

/** Single register number from a 4-bit field and its low bit. */
function single(field: number, low: number): number {
  return (field << 1) | low;
}

function transfer(h1: number, h2: number, address: number, double: boolean): Decoded | null {
  const rn = h1 & 15;
  const d = (h1 >> 6) & 1;
  const first = double ? ((h2 >> 12) | (d << 4)) * 2 : single(h2 >> 12, d);
  const imm = (h2 & 255) * 4;
  const isLoad = (h1 & 0x10) !== 0;
  const pre = (h1 & 0x100) !== 0;
  const up = (h1 & 0x80) !== 0;
  const writeBack = (h1 & 0x20) !== 0;
  const words = (start: string, count: number) =>
    Array.from({ length: count }, (_, i) =>
      isLoad ? `I[${first + i}]=ld32(${start}+${4 * i}|0);` : `st32(${start}+${4 * i}|0,I[${first + i}]);`,
    ).join('');
  if (pre && !writeBack) {
    const base = rn === 15 ? `${(address + 4) & ~3}` : `r${rn}`;
    return {
      text: `u=${base}${up ? '+' : '-'}${imm}|0;${words('u', double ? 2 : 1)}`,
      cycleClass: double ? 'fpuMultiple' : 'fpuLoad',
      transfers: double ? 2 : 0,
      memory: OTHER,
    };
  }
  const count = h2 & 255 & (double ? ~1 : ~0);
  const start = pre ? `u=r${rn}-${imm}|0;` : `u=r${rn};`;
  const back = writeBack ? `r${rn}=u${pre ? '' : `+${imm}|0`};` : '';
  return { text: `${start}${words('u', count)}${back}`, cycleClass: 'fpuMultiple', transfers: count, memory: OTHER };
}

function twoRegisters(h1: number, h2: number): Decoded {
  const m = h2 & 0x100 ? ((h2 & 15) | ((h2 >> 1) & 16)) * 2 : single(h2 & 15, (h2 >> 5) & 1);
  const rt = h2 >> 12;
  const rt2 = h1 & 15;
  return {
    text: h1 & 0x10 ? `r${rt}=I[${m}];r${rt2}=I[${m + 1}];` : `I[${m}]=r${rt};I[${m + 1}]=r${rt2};`,
    cycleClass: 'fpuArithmetic',
  };
}

function coreRegister(h1: number, h2: number): Decoded | null {
  const rt = h2 >> 12;
  const n = single(h1 & 15, (h2 >> 7) & 1);
  switch ((h1 >> 4) & 15) {
    case 0:
      return { text: `I[${n}]=r${rt};`, cycleClass: 'fpuArithmetic' };
    case 1:
      return { text: `r${rt}=I[${n}];`, cycleClass: 'fpuArithmetic' };
    case 14:
      return { text: '', cycleClass: 'fpuArithmetic' };
    case 15:
      return {
        text: rt === 15 ? 'nz=F.nz;c=F.c;v=F.v;' : `r${rt}=(F.nz<0?1<<31:0)|(F.nz===0?1<<30:0)|F.c<<29|F.v<<28;`,
        cycleClass: 'fpuArithmetic',
      };
    default:
      return null;
  }
}

function arithmetic(h1: number, h2: number): Decoded | null {
  const d = single(h2 >> 12, (h1 >> 6) & 1);
  const n = single(h1 & 15, (h2 >> 7) & 1);
  const m = single(h2 & 15, (h2 >> 5) & 1);
  const negate = (h2 & 0x40) !== 0;
  const result = (text: string, cycleClass: Decoded['cycleClass'] = 'fpuArithmetic'): Decoded => ({ text, cycleClass });
  switch ((h1 >> 4) & 11) {
    case 0:
      return result(`S[${d}]=S[${d}]${negate ? '-' : '+'}Math.fround(S[${n}]*S[${m}]);`, 'fpuMultiplyAdd');
    case 1:
      return result(`S[${d}]=-S[${d}]${negate ? '-' : '+'}Math.fround(S[${n}]*S[${m}]);`, 'fpuMultiplyAdd');
    case 2:
      return result(`S[${d}]=${negate ? '-' : ''}(S[${n}]*S[${m}]);`);
    case 3:
      return result(`S[${d}]=S[${n}]${negate ? '-' : '+'}S[${m}];`);
    case 8:
      return result(`S[${d}]=S[${n}]/S[${m}];`, 'fpuDivide');
    case 9:
      return result(`S[${d}]=fma(${negate ? '-' : ''}S[${n}],S[${m}],-S[${d}]);`, 'fpuMultiplyAdd');
    case 10:
      return result(`S[${d}]=fma(${negate ? '-' : ''}S[${n}],S[${m}],S[${d}]);`, 'fpuMultiplyAdd');
    case 11:
      return negate
        ? unary(h1 & 15, (h2 >> 7) & 1, d, m)
        : result(`I[${d}]=${expandFloat(((h1 & 15) << 4) | (h2 & 15))};`);
    default:
      return null;
  }
}

/** VFPExpandImm: the bits of a float from 8 bits. */
function expandFloat(code: number): number {
  const exponent = code & 0x40 ? 0x3e000000 : 0x40000000;
  return ((code << 24) & 0x80000000) | exponent | ((code & 63) << 19);
}

function unary(op: number, top: number, d: number, m: number): Decoded | null {
  const result = (text: string, cycleClass: Decoded['cycleClass'] = 'fpuArithmetic'): Decoded => ({ text, cycleClass });
  switch (op) {
    case 0:
      return result(top ? `I[${d}]=I[${m}]&2147483647;` : `I[${d}]=I[${m}];`);
    case 1:
      return top ? result(`S[${d}]=Math.sqrt(S[${m}]);`, 'fpuDivide') : result(`I[${d}]=I[${m}]^-2147483648;`);
    case 4:
      return result(`fcmp(S[${d}],S[${m}]);`);
    case 5:
      return result(`fcmp(S[${d}],0);`);
    case 8:
      return result(`S[${d}]=I[${m}]${top ? '' : '>>>0'};`);
    case 12:
      return result(`I[${d}]=toUnsigned(${top ? 'Math.trunc' : 'halfEven'}(S[${m}]));`);
    case 13:
      return result(`I[${d}]=toSigned(${top ? 'Math.trunc' : 'halfEven'}(S[${m}]));`);
    case 10:
    case 11:
    case 14:
    case 15:
      return top ? result(fixedPoint(op, d, 32 - m)) : null;
    default:
      return null;
  }
}

/** VCVT between float and 32-bit fixed point, in place; to fixed point it rounds toward zero. */
function fixedPoint(op: number, d: number, fractionBits: number): string {
  const scale = 2 ** fractionBits;
  const unsigned = (op & 1) !== 0;
  if ((op & 4) === 0) return `S[${d}]=(I[${d}]${unsigned ? '>>>0' : ''})/${scale};`;
  return `I[${d}]=${unsigned ? 'toUnsigned' : 'toSigned'}(Math.trunc(S[${d}]*${scale}));`;
}
