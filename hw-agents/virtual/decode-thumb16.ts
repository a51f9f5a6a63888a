/** 16-bit Thumb instructions (ARMv6-M Architecture Reference Manual, A5.2) as translator text. */
import {
  addText,
  addWithCarryText,
  type CycleClass,
  conditionText,
  type Flow,
  type Instruction,
  immediateShift,
  logicText,
  type MemoryUse,
  operand,
  registerShiftText,
  SHIFT_KINDS,
  subtractText,
} from './instruction.ts';

const NEXT: Flow = { kind: 'next' };
const NO_MEMORY: MemoryUse = { kind: 'none' };

/** What a decoder returns before the address, size and predicate are added. */
export interface Decoded {
  readonly text: string;
  readonly cycleClass: CycleClass;
  readonly transfers?: number;
  readonly memory?: MemoryUse;
  readonly flow?: Flow;
}

export function finish(decoded: Decoded, address: number, size: 2 | 4, predicate: string | null): Instruction {
  return {
    address,
    size,
    predicate,
    text: decoded.text,
    cycleClass: decoded.cycleClass,
    transfers: decoded.transfers ?? 0,
    memory: decoded.memory ?? NO_MEMORY,
    flow: decoded.flow ?? NEXT,
  };
}

/** `setFlags` is false inside an IT block, where most 16-bit instructions leave the flags alone. Null: not an instruction. */
export function decodeThumb16(h: number, address: number, setFlags: boolean): Decoded | null {
  const top = h >> 12;
  switch (top) {
    case 0:
    case 1:
      return shiftOrAdd(h, setFlags);
    case 2:
    case 3:
      return immediate8(h, setFlags);
    case 4:
      if (h >> 11 === 9) return load((h >> 8) & 7, `ld32(${(((address + 4) & ~3) + (h & 255) * 4) | 0})`, []);
      return h >> 10 === 16 ? dataProcessing(h, setFlags) : highRegisters(h, address);
    case 5:
      return registerOffset(h);
    case 6:
    case 7:
    case 8:
      return immediateOffset(h);
    case 9:
      return stackOffset(h);
    case 10:
      return {
        text: `r${(h >> 8) & 7}=${h & 0x800 ? `r13+${(h & 255) * 4}|0` : (((address + 4) & ~3) + (h & 255) * 4) | 0};`,
        cycleClass: 'alu',
      };
    case 11:
      return miscellaneous(h, address);
    case 12:
      return multiple(h);
    case 13: {
      const code = (h >> 8) & 15;
      if (code === 14)
        return {
          text: '',
          cycleClass: 'nop',
          flow: { kind: 'stop', reason: `undefined instruction at 0x${address.toString(16)}` },
        };
      if (code === 15) return { text: '', cycleClass: 'nop', flow: { kind: 'stop', reason: 'supervisor call' } };
      return {
        text: '',
        cycleClass: 'branch',
        flow: { kind: 'branch', target: address + 4 + ((h << 24) >> 23), condition: conditionText(code) },
      };
    }
    case 14:
      return {
        text: '',
        cycleClass: 'branch',
        flow: { kind: 'branch', target: address + 4 + ((h << 21) >> 20), condition: null },
      };
    default:
      return null;
  }
}

function shiftOrAdd(h: number, setFlags: boolean): Decoded {
  const rd = h & 7;
  const rm = (h >> 3) & 7;
  const kind = h >> 11;
  if (kind < 3) {
    const shifted = immediateShift(SHIFT_KINDS[kind], (h >> 6) & 31, `r${rm}`);
    return {
      text: setFlags ? `u=${shifted.value};${shifted.carry}nz=u;r${rd}=u;` : `r${rd}=${shifted.value};`,
      cycleClass: 'alu',
    };
  }
  const other = h & 0x400 ? `${(h >> 6) & 7}` : `r${(h >> 6) & 7}`;
  return { text: (h & 0x200 ? subtractText : addText)(rd, `r${rm}`, other, setFlags), cycleClass: 'alu' };
}

function immediate8(h: number, setFlags: boolean): Decoded {
  const rd = (h >> 8) & 7;
  const value = `${h & 255}`;
  switch ((h >> 11) & 3) {
    case 0:
      return { text: logicText(rd, value, setFlags), cycleClass: 'alu' };
    case 1:
      return { text: subtractText(null, `r${rd}`, value, true), cycleClass: 'alu' };
    case 2:
      return { text: addText(rd, `r${rd}`, value, setFlags), cycleClass: 'alu' };
    default:
      return { text: subtractText(rd, `r${rd}`, value, setFlags), cycleClass: 'alu' };
  }
}

function dataProcessing(h: number, setFlags: boolean): Decoded {
  const rd = h & 7;
  const a = `r${rd}`;
  const b = `r${(h >> 3) & 7}`;
  const text = (): string => {
    switch ((h >> 6) & 15) {
      case 0:
        return logicText(rd, `${a}&${b}`, setFlags);
      case 1:
        return logicText(rd, `${a}^${b}`, setFlags);
      case 2:
        return registerShiftText('lsl', rd, a, b, setFlags);
      case 3:
        return registerShiftText('lsr', rd, a, b, setFlags);
      case 4:
        return registerShiftText('asr', rd, a, b, setFlags);
      case 5:
        return addWithCarryText(rd, a, b, setFlags);
      case 6:
        return addWithCarryText(rd, a, `~${b}`, setFlags);
      case 7:
        return registerShiftText('ror', rd, a, b, setFlags);
      case 8:
        return logicText(null, `${a}&${b}`, true);
      case 9:
        return subtractText(rd, '0', b, setFlags);
      case 10:
        return subtractText(null, a, b, true);
      case 11:
        return addText(null, a, b, true);
      case 12:
        return logicText(rd, `${a}|${b}`, setFlags);
      case 13:
        return logicText(rd, `Math.imul(${a},${b})`, setFlags);
      case 14:
        return logicText(rd, `${a}&~${b}`, setFlags);
      default:
        return logicText(rd, `~${b}`, setFlags);
    }
  };
  return { text: text(), cycleClass: ((h >> 6) & 15) === 13 ? 'multiply' : 'alu' };
}

function highRegisters(h: number, address: number): Decoded {
  const rd = (h & 7) | ((h >> 4) & 8);
  const rm = (h >> 3) & 15;
  const value = operand(rm, address);
  switch ((h >> 8) & 3) {
    case 0:
      if (rd === 15)
        return {
          text: `t=${operand(15, address)}+${value}|0;`,
          cycleClass: 'indirect',
          flow: { kind: 'indirect', condition: null },
        };
      return { text: `r${rd}=r${rd}+${value}|0;`, cycleClass: 'alu' };
    case 1:
      return { text: subtractText(null, operand(rd, address), value, true), cycleClass: 'alu' };
    case 2:
      if (rd === 15)
        return { text: `t=${value};`, cycleClass: 'indirect', flow: { kind: 'indirect', condition: null } };
      return { text: `r${rd}=${value};`, cycleClass: 'alu' };
    default:
      return {
        text: h & 0x80 ? `t=${value};r14=${(address + 2) | 1};` : `t=${value};`,
        cycleClass: 'indirect',
        flow: { kind: 'indirect', condition: null },
      };
  }
}

export function load(target: number, expression: string, address: readonly number[]): Decoded {
  return { text: `r${target}=${expression};`, cycleClass: 'load', memory: { kind: 'load', target, address } };
}

function registerOffset(h: number): Decoded {
  const rt = h & 7;
  const rn = (h >> 3) & 7;
  const rm = (h >> 6) & 7;
  const address = `r${rn}+r${rm}|0`;
  const store = (name: string): Decoded => ({
    text: `${name}(${address},r${rt});`,
    cycleClass: 'storeRegister',
    memory: { kind: 'storeRegisterOffset', address: [rn, rm] },
  });
  switch ((h >> 9) & 7) {
    case 0:
      return store('st32');
    case 1:
      return store('st16');
    case 2:
      return store('st8');
    case 3:
      return load(rt, `ldb(${address})`, [rn, rm]);
    case 4:
      return load(rt, `ld32(${address})`, [rn, rm]);
    case 5:
      return load(rt, `ld16(${address})`, [rn, rm]);
    case 6:
      return load(rt, `ld8(${address})`, [rn, rm]);
    default:
      return load(rt, `ldh(${address})`, [rn, rm]);
  }
}

function immediateOffset(h: number): Decoded {
  const rt = h & 7;
  const rn = (h >> 3) & 7;
  const offset = (h >> 6) & 31;
  const store = (name: string, scale: number): Decoded => ({
    text: `${name}(r${rn}+${offset * scale}|0,r${rt});`,
    cycleClass: 'store',
    memory: { kind: 'other' },
  });
  switch (h >> 11) {
    case 12:
      return store('st32', 4);
    case 13:
      return load(rt, `ld32(r${rn}+${offset * 4}|0)`, [rn]);
    case 14:
      return store('st8', 1);
    case 15:
      return load(rt, `ld8(r${rn}+${offset}|0)`, [rn]);
    case 16:
      return store('st16', 2);
    default:
      return load(rt, `ld16(r${rn}+${offset * 2}|0)`, [rn]);
  }
}

function stackOffset(h: number): Decoded {
  const rt = (h >> 8) & 7;
  const address = `r13+${(h & 255) * 4}|0`;
  return h & 0x800
    ? load(rt, `ld32(${address})`, [13])
    : { text: `st32(${address},r${rt});`, cycleClass: 'store', memory: { kind: 'other' } };
}

function miscellaneous(h: number, address: number): Decoded | null {
  if ((h & 0xff00) === 0xb000) return { text: `r13=r13${h & 0x80 ? '-' : '+'}${(h & 127) * 4}|0;`, cycleClass: 'alu' };
  if ((h & 0xf500) === 0xb100) {
    const condition = `r${h & 7}${h & 0x800 ? '!==' : '==='}0`;
    return {
      text: '',
      cycleClass: 'branch',
      flow: { kind: 'branch', target: address + 4 + ((((h >> 3) & 31) << 1) | ((h & 0x200) >> 3)), condition },
    };
  }
  const rd = h & 7;
  const rm = `r${(h >> 3) & 7}`;
  switch (h >> 6) {
    case 0x2c8:
      return { text: `r${rd}=${rm}<<16>>16;`, cycleClass: 'alu' };
    case 0x2c9:
      return { text: `r${rd}=${rm}<<24>>24;`, cycleClass: 'alu' };
    case 0x2ca:
      return { text: `r${rd}=${rm}&65535;`, cycleClass: 'alu' };
    case 0x2cb:
      return { text: `r${rd}=${rm}&255;`, cycleClass: 'alu' };
    case 0x2e8:
      return { text: reverseText(rd, rm), cycleClass: 'alu' };
    case 0x2e9:
      return { text: `r${rd}=${rm}>>>8&0xff00ff|${rm}<<8&0xff00ff00;`, cycleClass: 'alu' };
    case 0x2eb:
      return { text: `r${rd}=${rm}>>>8&255|${rm}<<24>>16;`, cycleClass: 'alu' };
  }
  if ((h & 0xfe00) === 0xb400) return pushText((h & 255) | (h & 0x100 ? 1 << 14 : 0));
  if ((h & 0xfe00) === 0xbc00) return popText((h & 255) | (h & 0x100 ? 1 << 15 : 0));
  if ((h & 0xff00) === 0xbe00)
    return { text: '', cycleClass: 'nop', flow: { kind: 'stop', reason: `breakpoint ${h & 255}` } };
  if ((h & 0xff00) === 0xbf00 || (h & 0xffe8) === 0xb660) return { text: '', cycleClass: 'nop' };
  return null;
}

export function reverseText(rd: number, rm: string): string {
  return `u=${rm};r${rd}=u<<24|u<<8&0xff0000|u>>>8&0xff00|u>>>24;`;
}

function registersIn(list: number): number[] {
  return Array.from({ length: 16 }, (_, register) => register).filter((register) => (list >> register) & 1);
}

/** PUSH and STMDB sp!: lowest register at the lowest address. */
export function pushText(list: number): Decoded {
  const registers = registersIn(list);
  const stores = registers.map((register, index) => `st32(r13+${index * 4}|0,r${register});`).join('');
  return {
    text: `r13=r13-${registers.length * 4}|0;${stores}`,
    cycleClass: 'multiple',
    transfers: registers.length,
    memory: { kind: 'other' },
  };
}

/** POP and LDMIA sp!. */
export function popText(list: number): Decoded {
  return loadMultiple(13, list, true, 0);
}

/** LDM from `base + start`: registers ascending; the base is written back last unless it is loaded. */
export function loadMultiple(base: number, list: number, writeBack: boolean, start: number, end?: number): Decoded {
  const registers = registersIn(list);
  const loads = registers
    .map((register, index) =>
      register === 15 ? `t=ld32(u+${start + index * 4}|0);` : `r${register}=ld32(u+${start + index * 4}|0);`,
    )
    .join('');
  const back = writeBack && !((list >> base) & 1) ? `r${base}=u+${end ?? registers.length * 4}|0;` : '';
  const toPc = (list >> 15) & 1;
  return {
    text: `u=r${base};${loads}${back}`,
    cycleClass: toPc ? 'popPc' : 'multiple',
    transfers: registers.length,
    memory: { kind: 'other' },
    flow: toPc ? { kind: 'indirect', condition: null } : NEXT,
  };
}

export function storeMultiple(base: number, list: number, writeBack: boolean, start: number, end?: number): Decoded {
  const registers = registersIn(list);
  const stores = registers.map((register, index) => `st32(u+${start + index * 4}|0,r${register});`).join('');
  return {
    text: `u=r${base};${stores}${writeBack ? `r${base}=u+${end ?? registers.length * 4}|0;` : ''}`,
    cycleClass: 'multiple',
    transfers: registers.length,
    memory: { kind: 'other' },
  };
}

function multiple(h: number): Decoded {
  const base = (h >> 8) & 7;
  const list = h & 255;
  return h & 0x800 ? loadMultiple(base, list, true, 0) : storeMultiple(base, list, true, 0);
}
