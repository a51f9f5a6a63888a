/** 32-bit Thumb instructions without the floating-point unit (ARMv7-M Architecture Reference Manual, A5.3) as translator text. */
import { type Decoded, load, loadMultiple, popText, pushText, reverseText, storeMultiple } from './decode-thumb16.ts';
import { decodeMedia, decodeMultiply } from './decode-thumb32-media.ts';
import {
  addText,
  addWithCarryText,
  conditionText,
  type Flow,
  immediateShift,
  logicText,
  type MemoryUse,
  operand,
  registerShiftText,
  SHIFT_KINDS,
  subtractText,
} from './instruction.ts';

const OTHER: MemoryUse = { kind: 'other' };
const ALWAYS: Flow = { kind: 'indirect', condition: null };

/** `h1`, `h2` = first and second halfword. Null: not an instruction of this core. */
export function decodeThumb32(h1: number, h2: number, address: number): Decoded | null {
  if ((h1 & 0xfe40) === 0xe800) return multipleTransfer(h1, h2);
  if ((h1 & 0xfe40) === 0xe840) return dualOrTable(h1, h2, address);
  if ((h1 & 0xfe00) === 0xea00) return shiftedRegister(h1, h2);
  if ((h1 & 0xf800) === 0xf000) {
    if (h2 & 0x8000) return branchOrSystem(h1, h2, address);
    return h1 & 0x200 ? plainImmediate(h1, h2, address) : modifiedImmediate(h1, h2);
  }
  if ((h1 & 0xfe00) === 0xf800) return singleTransfer(h1, h2, address);
  if ((h1 & 0xff00) === 0xfa00) return registerShift(h1, h2) ?? decodeMedia(h1, h2);
  if ((h1 & 0xff00) === 0xfb00) return decodeMultiply(h1, h2);
  return null;
}

function multipleTransfer(h1: number, h2: number): Decoded | null {
  const base = h1 & 15;
  const writeBack = (h1 & 0x20) !== 0;
  const isLoad = (h1 & 0x10) !== 0;
  const count = popCount(h2);
  switch ((h1 >> 7) & 3) {
    case 1:
      if (base === 13 && writeBack && isLoad) return popText(h2);
      return isLoad ? loadMultiple(base, h2, writeBack, 0) : storeMultiple(base, h2, writeBack, 0);
    case 2:
      if (base === 13 && writeBack && !isLoad) return pushText(h2);
      return isLoad
        ? loadMultiple(base, h2, writeBack, -4 * count, -4 * count)
        : storeMultiple(base, h2, writeBack, -4 * count, -4 * count);
    default:
      return null;
  }
}

function popCount(value: number): number {
  let count = 0;
  for (let rest = value; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function dualOrTable(h1: number, h2: number, address: number): Decoded | null {
  const rn = h1 & 15;
  if ((h1 & 0xfff0) === 0xe8d0 && (h2 & 0xffe0) === 0xf000) {
    const rm = `r${h2 & 15}`;
    const base = operand(rn, address);
    const entry = h2 & 0x10 ? `ld16(${base}+(${rm}<<1)|0)` : `ld8(${base}+${rm}|0)`;
    return { text: `t=${(address + 4) | 0}+${entry}*2|0;`, cycleClass: 'tableBranch', memory: OTHER, flow: ALWAYS };
  }
  const pre = (h1 >> 8) & 1;
  const writeBack = (h1 >> 5) & 1;
  if (!pre && !writeBack) return null;
  const offset = (h1 & 0x80 ? 1 : -1) * (h2 & 255) * 4;
  const rt = h2 >> 12;
  const rt2 = (h2 >> 8) & 15;
  const base = rn === 15 ? `${(address + 4) & ~3}` : `r${rn}`;
  const move = h1 & 0x10 ? `r${rt}=ld32(u);r${rt2}=ld32(u+4|0);` : `st32(u,r${rt});st32(u+4|0,r${rt2});`;
  const back = writeBack ? `r${rn}=r${rn}+${offset}|0;` : '';
  return {
    text: pre ? `u=${base}+${offset}|0;${back}${move}` : `u=${base};${back}${move}`,
    cycleClass: 'dual',
    memory: OTHER,
  };
}

function shiftedRegister(h1: number, h2: number): Decoded | null {
  const op = (h1 >> 5) & 15;
  const setFlags = (h1 & 0x10) !== 0;
  const rn = h1 & 15;
  const rd = (h2 >> 8) & 15;
  const kind = SHIFT_KINDS[(h2 >> 4) & 3];
  const amount = ((h2 >> 10) & 28) | ((h2 >> 6) & 3);
  const rm = `r${h2 & 15}`;
  if (op === 6) {
    if (setFlags) return null;
    const shifted = amount === 0 ? (h2 & 0x20 ? `(${rm}>>31)` : rm) : `(${rm}${h2 & 0x20 ? '>>' : '<<'}${amount})`;
    return {
      text: h2 & 0x20 ? `r${rd}=r${rn}&0xffff0000|${shifted}&0xffff;` : `r${rd}=r${rn}&0xffff|${shifted}&0xffff0000;`,
      cycleClass: 'alu',
    };
  }
  const shifted = immediateShift(kind, amount, rm);
  return arithmetic(op, setFlags, rn, rd, shifted.value, shifted.carry);
}

/** The data-processing operations that immediates and shifted registers share. `carry` sets c for the logical ones. */
function arithmetic(
  op: number,
  setFlags: boolean,
  rn: number,
  rd: number,
  value: string,
  carry: string,
): Decoded | null {
  const a = `r${rn}`;
  const target = rd === 15 ? null : rd;
  const logic = (expression: string): Decoded => {
    const begin = setFlags && carry !== '' ? `t=${expression};${carry}` : '';
    return {
      text: begin === '' ? logicText(target, expression, setFlags) : `${begin}${logicText(target, 't', true)}`,
      cycleClass: 'alu',
    };
  };
  const sum = (text: string): Decoded => ({ text, cycleClass: 'alu' });
  switch (op) {
    case 0:
      return logic(`${a}&${value}`);
    case 1:
      return logic(`${a}&~${value}`);
    case 2:
      return logic(rn === 15 ? value : `${a}|${value}`);
    case 3:
      return logic(rn === 15 ? `~${value}` : `${a}|~${value}`);
    case 4:
      return logic(`${a}^${value}`);
    case 8:
      return sum(addText(target, a, value, setFlags));
    case 10:
      return target === null ? null : sum(addWithCarryText(target, a, value, setFlags));
    case 11:
      return target === null ? null : sum(addWithCarryText(target, a, `~${value}`, setFlags));
    case 13:
      return sum(subtractText(target, a, value, setFlags));
    case 14:
      return target === null ? null : sum(subtractText(target, value, a, setFlags));
    default:
      return null;
  }
}

function modifiedImmediate(h1: number, h2: number): Decoded | null {
  const code = ((h1 & 0x400) << 1) | ((h2 >> 4) & 0x700) | (h2 & 255);
  const { value, carry } = expandImmediate(code);
  return arithmetic(
    (h1 >> 5) & 15,
    (h1 & 0x10) !== 0,
    h1 & 15,
    (h2 >> 8) & 15,
    `${value}`.startsWith('-') ? `(${value})` : `${value}`,
    carry,
  );
}

/** ThumbExpandImm_C (A5.3.2). */
function expandImmediate(code: number): { readonly value: number; readonly carry: string } {
  const low = code & 255;
  switch (code >> 8) {
    case 0:
      return { value: low, carry: '' };
    case 1:
      return { value: (low << 16) | low, carry: '' };
    case 2:
      return { value: (low << 24) | (low << 8), carry: '' };
    case 3:
      return { value: (low << 24) | (low << 16) | (low << 8) | low, carry: '' };
    default: {
      const rotation = code >> 7;
      const unrotated = 0x80 | (code & 0x7f);
      const value = (unrotated >>> rotation) | (unrotated << (32 - rotation));
      return { value, carry: `c=${value >>> 31};` };
    }
  }
}

function plainImmediate(h1: number, h2: number, address: number): Decoded | null {
  const rn = h1 & 15;
  const rd = (h2 >> 8) & 15;
  const imm12 = ((h1 & 0x400) << 1) | ((h2 >> 4) & 0x700) | (h2 & 255);
  const imm16 = ((h1 & 15) << 12) | imm12;
  const shift = ((h2 >> 10) & 28) | ((h2 >> 6) & 3);
  const width = h2 & 31;
  const source = rn === 15 ? `${(address + 4) & ~3}` : `r${rn}`;
  const alu = (text: string): Decoded => ({ text, cycleClass: 'alu' });
  switch ((h1 >> 4) & 31) {
    case 0:
      return alu(`r${rd}=${source}+${imm12}|0;`);
    case 10:
      return alu(`r${rd}=${source}-${imm12}|0;`);
    case 4:
      return alu(`r${rd}=${imm16};`);
    case 12:
      return alu(`r${rd}=r${rd}&65535|${imm16 << 16};`);
    case 16:
    case 18: {
      if ((h1 & 0x20) !== 0 && shift === 0)
        return alu(
          `r${rd}=(sat(r${rn}<<16>>16,${-(2 ** (h2 & 15))},${2 ** (h2 & 15) - 1})&65535)|sat(r${rn}>>16,${-(2 ** (h2 & 15))},${2 ** (h2 & 15) - 1})<<16;`,
        );
      return alu(`r${rd}=sat(${saturated(rn, h1, shift)},${-(2 ** width)},${2 ** width - 1});`);
    }
    case 24:
    case 26: {
      if ((h1 & 0x20) !== 0 && shift === 0)
        return alu(`r${rd}=sat(r${rn}<<16>>16,0,${2 ** (h2 & 15) - 1})|sat(r${rn}>>16,0,${2 ** (h2 & 15) - 1})<<16;`);
      return alu(`r${rd}=sat(${saturated(rn, h1, shift)},0,${2 ** width - 1});`);
    }
    case 20:
      return alu(`r${rd}=r${rn}<<${31 - shift - width}>>${31 - width};`);
    case 28:
      return alu(`r${rd}=r${rn}<<${31 - shift - width}>>>${31 - width}|0;`);
    case 22: {
      const mask = (width - shift === 31 ? -1 : (1 << (width - shift + 1)) - 1) << shift;
      return alu(rn === 15 ? `r${rd}=r${rd}&${~mask};` : `r${rd}=r${rd}&${~mask}|r${rn}<<${shift}&${mask};`);
    }
    default:
      return null;
  }
}

function saturated(rn: number, h1: number, shift: number): string {
  if (shift === 0) return `r${rn}`;
  return h1 & 0x20 ? `r${rn}>>${shift}` : `r${rn}<<${shift}`;
}

function branchOrSystem(h1: number, h2: number, address: number): Decoded | null {
  const s = (h1 >> 10) & 1;
  const j1 = (h2 >> 13) & 1;
  const j2 = (h2 >> 11) & 1;
  const pc = address + 4;
  if (h2 & 0x1000) {
    const i1 = j1 ^ s ^ 1;
    const i2 = j2 ^ s ^ 1;
    const offset = (s ? -(2 ** 24) : 0) + ((i1 << 23) | (i2 << 22) | ((h1 & 0x3ff) << 12) | ((h2 & 0x7ff) << 1));
    if (h2 & 0x4000)
      return { text: `r14=${pc | 1};`, cycleClass: 'call', flow: { kind: 'call', target: (pc + offset) | 0 } };
    return { text: '', cycleClass: 'branch', flow: { kind: 'branch', target: (pc + offset) | 0, condition: null } };
  }
  if (h2 & 0x4000) return null;
  const code = (h1 >> 6) & 15;
  if (code < 14) {
    const offset = (s ? -(2 ** 20) : 0) + ((j2 << 19) | (j1 << 18) | ((h1 & 63) << 12) | ((h2 & 0x7ff) << 1));
    return {
      text: '',
      cycleClass: 'branch',
      flow: { kind: 'branch', target: (pc + offset) | 0, condition: conditionText(code) },
    };
  }
  if ((h1 & 0xffe0) === 0xf3e0)
    return {
      text: `r${(h2 >> 8) & 15}=${(h2 & 255) === 16 ? '0' : (h2 & 255) < 4 ? '(nz<0?1<<31:0)|(nz===0?1<<30:0)|c<<29|v<<28' : '0'};`,
      cycleClass: 'special',
    };
  if ((h1 & 0xffe0) === 0xf380)
    return {
      text: (h2 & 255) < 4 ? `u=r${h1 & 15};nz=u&1<<30?0:u&1<<31?-1:1;c=u>>>29&1;v=u>>>28&1;` : '',
      cycleClass: 'special',
    };
  if ((h1 & 0xfff0) === 0xf3a0) return { text: '', cycleClass: 'nop' };
  if ((h1 & 0xfff0) === 0xf3b0) return { text: '', cycleClass: 'special' };
  return null;
}

function singleTransfer(h1: number, h2: number, address: number): Decoded | null {
  const signed = (h1 & 0x100) !== 0;
  const size = (h1 >> 5) & 3;
  const isLoad = (h1 & 0x10) !== 0;
  const rn = h1 & 15;
  const rt = h2 >> 12;
  if (size === 3 || (signed && (!isLoad || size === 2))) return null;
  const loader = size === 2 ? 'ld32' : size === 1 ? (signed ? 'ldh' : 'ld16') : signed ? 'ldb' : 'ld8';
  const storer = size === 2 ? 'st32' : size === 1 ? 'st16' : 'st8';
  const transfer = (where: string, used: readonly number[], registerOffset: boolean): Decoded => {
    if (!isLoad) {
      return {
        text: `${storer}(${where},r${rt});`,
        cycleClass: registerOffset ? 'storeRegister' : 'store',
        memory: registerOffset ? { kind: 'storeRegisterOffset', address: used } : OTHER,
      };
    }
    if (rt !== 15) return load(rt, `${loader}(${where})`, used);
    // A byte or halfword load to the program counter is a preload hint.
    return size === 2
      ? { text: `t=ld32(${where});`, cycleClass: 'loadPc', memory: OTHER, flow: ALWAYS }
      : { text: '', cycleClass: 'nop' };
  };
  if (rn === 15)
    return isLoad ? transfer(`${(((address + 4) & ~3) + (h1 & 0x80 ? 1 : -1) * (h2 & 0xfff)) | 0}`, [], false) : null;
  if (h1 & 0x80) return transfer(`r${rn}+${h2 & 0xfff}|0`, [rn], false);
  if ((h2 & 0xfc0) === 0) {
    const shift = (h2 >> 4) & 3;
    return transfer(`r${rn}+${shift === 0 ? `r${h2 & 15}` : `(r${h2 & 15}<<${shift})`}|0`, [rn, h2 & 15], true);
  }
  if (!(h2 & 0x800)) return null;
  const offset = (h2 & 0x200 ? 1 : -1) * (h2 & 255);
  const pre = (h2 & 0x400) !== 0;
  if (!(h2 & 0x100)) return transfer(`r${rn}+${offset}|0`, [rn], false);
  const inner = transfer(pre ? `r${rn}+${offset}|0` : `r${rn}`, [rn], false);
  if (isLoad && rt === 15)
    return { ...inner, text: `u=r${rn};r${rn}=u+${offset}|0;t=ld32(${pre ? `u+${offset}|0` : 'u'});` };
  // The address is computed before the base changes; a load into the base itself is not allowed by the architecture.
  return { ...inner, text: `${inner.text}r${rn}=r${rn}+${offset}|0;` };
}

function registerShift(h1: number, h2: number): Decoded | null {
  if ((h1 & 0x80) !== 0 || (h2 & 0xf0) !== 0) return null;
  return {
    text: registerShiftText(
      SHIFT_KINDS[(h1 >> 5) & 3],
      (h2 >> 8) & 15,
      `r${h1 & 15}`,
      `r${h2 & 15}`,
      (h1 & 0x10) !== 0,
    ),
    cycleClass: 'alu',
  };
}

export { reverseText };
