/**
 * One decoded Thumb instruction, as JavaScript text for the translator.
 *
 * The text uses these names, all 32-bit signed integers: r0…r14 registers; nz = a value whose sign is N and whose zeroness is Z;
 * c, v = flags as 0 or 1; ge = the four GE bits. `S[i]`, `I[i]` are the FPU's single registers as float and as bits; memory goes through
 * ld32 ld16 ld8 ldh ldb st32 st16 st8; t, u are scratch.
 */

/** Where execution goes after the instruction. */
export type Flow =
  | { readonly kind: 'next' }
  /** Direct branch; `condition` is JavaScript text, null = always. */
  | { readonly kind: 'branch'; readonly target: number; readonly condition: string | null }
  /** Branch and link: r14 has been set by the text. */
  | { readonly kind: 'call'; readonly target: number }
  /** Indirect: the text has put the target address into `t`; `condition` as above. */
  | { readonly kind: 'indirect'; readonly condition: string | null }
  /** BKPT, UDF, SVC: stops with this reason. */
  | { readonly kind: 'stop'; readonly reason: string };

/** What the M4's load pipelining looks at. */
export type MemoryUse =
  | { readonly kind: 'none' }
  | { readonly kind: 'load'; readonly target: number; readonly address: readonly number[] }
  | { readonly kind: 'storeRegisterOffset'; readonly address: readonly number[] }
  | { readonly kind: 'other' };

/** Classes of the timing tables (cycle-table.ts). */
export type CycleClass =
  | 'alu'
  | 'multiply'
  | 'longMultiply'
  | 'divide'
  | 'load'
  | 'store'
  | 'storeRegister'
  | 'dual'
  | 'branch'
  | 'call'
  | 'indirect'
  | 'loadPc'
  | 'tableBranch'
  | 'special'
  | 'nop'
  | 'fpuLoad'
  | 'fpuArithmetic'
  | 'fpuMultiplyAdd'
  | 'fpuDivide'
  | 'popPc'
  | 'multiple'
  | 'fpuMultiple';

export interface Instruction {
  readonly address: number;
  readonly size: 2 | 4;
  readonly text: string;
  readonly cycleClass: CycleClass;
  /** Registers moved by LDM, STM, PUSH, POP, VLDM, VSTM; 0 otherwise. */
  readonly transfers: number;
  readonly memory: MemoryUse;
  readonly flow: Flow;
  /** Condition of the IT block the instruction stands in, as JavaScript text. */
  readonly predicate: string | null;
}

/** JavaScript text of a condition code 0…13. */
export function conditionText(code: number): string {
  const texts = [
    'nz===0',
    'nz!==0',
    'c===1',
    'c===0',
    'nz<0',
    'nz>=0',
    'v===1',
    'v===0',
    '(c===1&&nz!==0)',
    '(c===0||nz===0)',
    '(nz>>>31)===v',
    '(nz>>>31)!==v',
    '(nz!==0&&(nz>>>31)===v)',
    '(nz===0||(nz>>>31)!==v)',
  ];
  const text = texts[code];
  if (text === undefined) throw new Error(`condition code ${code}`);
  return text;
}

/** Register as an operand; the program counter reads as the instruction's address + 4. */
export function operand(register: number, address: number): string {
  return register === 15 ? `${(address + 4) | 0}` : `r${register}`;
}

/** `r = a op b` with flags; `setFlags` decides whether they are written, `target` null = compare only. */
export function addText(target: number | null, a: string, b: string, setFlags: boolean): string {
  if (!setFlags) return target === null ? '' : `r${target}=${a}+${b}|0;`;
  const result = `u=${a};t=${b};nz=u+t|0;c=(nz>>>0)<(u>>>0)?1:0;v=((u^nz)&(t^nz))>>>31;`;
  return target === null ? result : `${result}r${target}=nz;`;
}

export function subtractText(target: number | null, a: string, b: string, setFlags: boolean): string {
  if (!setFlags) return target === null ? '' : `r${target}=${a}-(${b})|0;`;
  const result = `u=${a};t=${b};nz=u-t|0;c=(u>>>0)>=(t>>>0)?1:0;v=((u^t)&(u^nz))>>>31;`;
  return target === null ? result : `${result}r${target}=nz;`;
}

/** a + b + carry; subtraction with carry passes ~b. */
export function addWithCarryText(target: number, a: string, b: string, setFlags: boolean): string {
  if (!setFlags) return `r${target}=${a}+(${b})+c|0;`;
  return `u=${a};t=${b};nz=u+t+c|0;c=(u>>>0)+(t>>>0)+c>4294967295?1:0;v=((u^nz)&(t^nz))>>>31;r${target}=nz;`;
}

/** Logical result with N and Z. */
export function logicText(target: number | null, expression: string, setFlags: boolean): string {
  if (!setFlags) return target === null ? '' : `r${target}=${expression};`;
  return target === null ? `nz=${expression};` : `nz=${expression};r${target}=nz;`;
}

export type ShiftKind = 'lsl' | 'lsr' | 'asr' | 'ror';
export const SHIFT_KINDS: readonly ShiftKind[] = ['lsl', 'lsr', 'asr', 'ror'];

/**
 * Immediate shift of `value`: the shifted expression and the statement that sets the carry (empty when it stays). Amount 0 means
 * 32 for lsr and asr, and rotate with extend for ror, as encoded.
 */
export function immediateShift(
  kind: ShiftKind,
  amount: number,
  value: string,
): { readonly value: string; readonly carry: string } {
  switch (kind) {
    case 'lsl':
      return amount === 0
        ? { value, carry: '' }
        : { value: `(${value}<<${amount})`, carry: `c=${value}>>>${32 - amount}&1;` };
    case 'lsr':
      return amount === 0
        ? { value: '0', carry: `c=${value}>>>31;` }
        : { value: `(${value}>>>${amount}|0)`, carry: `c=${value}>>>${amount - 1}&1;` };
    case 'asr':
      return amount === 0
        ? { value: `(${value}>>31)`, carry: `c=${value}>>>31;` }
        : { value: `(${value}>>${amount})`, carry: `c=${value}>>>${amount - 1}&1;` };
    case 'ror':
      return amount === 0
        ? { value: `(${value}>>>1|c<<31)`, carry: `c=${value}&1;` }
        : { value: `(${value}>>>${amount}|${value}<<${32 - amount})`, carry: `c=${value}>>>${amount - 1}&1;` };
  }
}

/** Shift by a register's low byte, with the carry rules for 0, 32 and more. */
export function registerShiftText(
  kind: ShiftKind,
  target: number,
  value: string,
  amount: string,
  setFlags: boolean,
): string {
  const flags = setFlags ? `nz=r${target};` : '';
  const carry = (text: string) => (setFlags ? text : '');
  const begin = `t=${amount}&255;u=${value};`;
  switch (kind) {
    case 'lsl':
      return `${begin}if(t>0){${carry('c=t<32?u>>>(32-t)&1:t===32?u&1:0;')}u=t<32?u<<t:0;}r${target}=u;${flags}`;
    case 'lsr':
      return `${begin}if(t>0){${carry('c=t<=32?u>>>(t-1)&1:0;')}u=t<32?u>>>t|0:0;}r${target}=u;${flags}`;
    case 'asr':
      return `${begin}if(t>0){${carry('c=t<32?u>>>(t-1)&1:u>>>31;')}u=t<32?u>>t:u>>31;}r${target}=u;${flags}`;
    case 'ror':
      return `${begin}if(t>0){t&=31;u=t===0?u:u>>>t|u<<(32-t);${carry('c=u>>>31;')}}r${target}=u;${flags}`;
  }
}
