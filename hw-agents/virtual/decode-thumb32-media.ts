/** Extension, SIMD, saturating and multiply instructions of the DSP extension (ARMv7-M manual, A5.3.13–A5.3.17) as translator text. */
import { type Decoded, reverseText } from './decode-thumb16.ts';

const alu = (text: string): Decoded => ({ text, cycleClass: 'alu' });

function rotated(register: number, rotation: number): string {
  return rotation === 0 ? `r${register}` : `(r${register}>>>${rotation}|r${register}<<${32 - rotation})`;
}

/** h1 = 0xFAxx: extension, parallel addition, saturating arithmetic, REV, CLZ, SEL. */
export function decodeMedia(h1: number, h2: number): Decoded | null {
  if ((h2 & 0xf000) !== 0xf000) return null;
  const rn = h1 & 15;
  const rd = (h2 >> 8) & 15;
  const rm = h2 & 15;
  const op1 = (h1 >> 4) & 15;
  const op2 = (h2 >> 4) & 15;
  if (op1 < 6 && op2 >= 8) return extend(op1, rn, rd, rm, (op2 & 3) * 8);
  if (op1 < 8) return null;
  if (op2 < 8) return parallel(op1 & 7, op2, rn, rd, rm);
  switch ((op1 << 4) | op2) {
    case 0x88:
      return alu(`r${rd}=sat(r${rm}+r${rn},-2147483648,2147483647);`);
    case 0x89:
      return alu(`r${rd}=sat(r${rm}+sat(2*r${rn},-2147483648,2147483647),-2147483648,2147483647);`);
    case 0x8a:
      return alu(`r${rd}=sat(r${rm}-r${rn},-2147483648,2147483647);`);
    case 0x8b:
      return alu(`r${rd}=sat(r${rm}-sat(2*r${rn},-2147483648,2147483647),-2147483648,2147483647);`);
    case 0x98:
      return alu(reverseText(rd, `r${rm}`));
    case 0x99:
      return alu(`u=r${rm};r${rd}=u>>>8&0xff00ff|u<<8&0xff00ff00;`);
    case 0x9a:
      return alu(`r${rd}=rbit(r${rm});`);
    case 0x9b:
      return alu(`u=r${rm};r${rd}=u>>>8&255|u<<24>>16;`);
    case 0xa8:
      return alu(`u=(ge&1?255:0)|(ge&2?65280:0)|(ge&4?16711680:0)|(ge&8?-16777216:0);r${rd}=r${rn}&u|r${rm}&~u;`);
    case 0xb8:
      return alu(`r${rd}=Math.clz32(r${rm});`);
    default:
      return null;
  }
}

function extend(op: number, rn: number, rd: number, rm: number, rotation: number): Decoded {
  const value = rotated(rm, rotation);
  const plain = rn === 15;
  const plus = plain ? '' : `r${rn}+`;
  switch (op) {
    case 0:
      return alu(`r${rd}=${plus}(${value}<<16>>16)|0;`);
    case 1:
      return alu(`r${rd}=${plus}(${value}&65535)|0;`);
    case 2:
      return alu(pairText(rd, rn, plain, `u<<24>>24`, `u<<8>>24`, value));
    case 3:
      return alu(pairText(rd, rn, plain, `u&255`, `u>>>16&255`, value));
    case 4:
      return alu(`r${rd}=${plus}(${value}<<24>>24)|0;`);
    default:
      return alu(`r${rd}=${plus}(${value}&255)|0;`);
  }
}

/** Two halfwords from bytes 0 and 2 of u; added per halfword to rn unless plain. */
function pairText(rd: number, rn: number, plain: boolean, low: string, high: string, value: string): string {
  if (plain) return `u=${value};r${rd}=(${low})&65535|(${high})<<16;`;
  return `u=${value};t=r${rn};r${rd}=t+(${low})&65535|((t>>>16)+(${high}))<<16;`;
}

/** Parallel add and subtract: prefix 0 S, 1 Q, 2 SH, 4 U, 5 UQ, 6 UH. */
function parallel(op: number, prefix: number, rn: number, rd: number, rm: number): Decoded | null {
  if (prefix === 3 || prefix === 7 || op === 3 || op === 7) return null;
  return alu(
    `r${rd}=simd(${op},${prefix},r${rn},r${rm});${prefix === 0 || prefix === 4 ? 'ge=lastGe;' : ''}`.replace(
      'lastGe',
      'M.ge',
    ),
  );
}

/** Halfword of a register as a signed number. */
function half(register: number, top: number): string {
  return top ? `(r${register}>>16)` : `(r${register}<<16>>16)`;
}

/** h1 = 0xFBxx: multiplies and divides. */
export function decodeMultiply(h1: number, h2: number): Decoded | null {
  return h1 & 0x80 ? longMultiply(h1, h2) : shortMultiply(h1, h2);
}

function shortMultiply(h1: number, h2: number): Decoded | null {
  const rn = h1 & 15;
  const rm = h2 & 15;
  const rd = (h2 >> 8) & 15;
  const ra = h2 >> 12;
  const op2 = (h2 >> 4) & 15;
  const plus = ra === 15 ? '' : `r${ra}+`;
  const product = (text: string): Decoded => ({ text, cycleClass: 'multiply' });
  switch ((h1 >> 4) & 7) {
    case 0:
      if (op2 === 1) return product(`r${rd}=r${ra}-Math.imul(r${rn},r${rm})|0;`);
      return op2 === 0 ? product(`r${rd}=${plus}Math.imul(r${rn},r${rm})|0;`) : null;
    case 1:
      return product(`r${rd}=${plus}Math.imul(${half(rn, (op2 >> 1) & 1)},${half(rm, op2 & 1)})|0;`);
    case 2:
      return product(
        `r${rd}=${plus}Math.imul(${half(rn, 0)},${half(rm, op2 & 1)})+Math.imul(${half(rn, 1)},${half(rm, 1 - (op2 & 1))})|0;`,
      );
    case 3:
      return product(`r${rd}=${plus}Math.floor(r${rn}*${half(rm, op2 & 1)}/65536)|0;`);
    case 4:
      return product(
        `r${rd}=${plus}Math.imul(${half(rn, 0)},${half(rm, op2 & 1)})-Math.imul(${half(rn, 1)},${half(rm, 1 - (op2 & 1))})|0;`,
      );
    case 5:
      return product(`r${rd}=high(r${rn},r${rm},${ra === 15 ? '0' : `r${ra}`},${op2 & 1},1);`);
    case 6:
      return product(`r${rd}=high(r${rn},r${rm},r${ra},${op2 & 1},-1);`);
    default:
      return product(`r${rd}=${plus}sad8(r${rn},r${rm})|0;`);
  }
}

function longMultiply(h1: number, h2: number): Decoded | null {
  const rn = `r${h1 & 15}`;
  const rm = `r${h2 & 15}`;
  const lo = h2 >> 12;
  const hi = (h2 >> 8) & 15;
  const op2 = (h2 >> 4) & 15;
  const long = (signed: boolean, accumulate: string): Decoded => ({
    text: `r${lo}=mul64(${rn},${rm},${signed ? 1 : 0},${accumulate});r${hi}=M.high;`,
    cycleClass: 'longMultiply',
  });
  switch ((h1 >> 4) & 7) {
    case 0:
      return op2 === 0 ? long(true, '0,0') : null;
    case 1:
      return { text: `r${hi}=${rm}===0?0:${rn}/${rm}|0;`, cycleClass: 'divide' };
    case 2:
      return op2 === 0 ? long(false, '0,0') : null;
    case 3:
      return { text: `r${hi}=${rm}===0?0:(${rn}>>>0)/(${rm}>>>0)|0;`, cycleClass: 'divide' };
    case 4: {
      if (op2 === 0) return long(true, `r${lo},r${hi}`);
      const n = h1 & 15;
      const m = h2 & 15;
      if (op2 >= 8 && op2 < 12) {
        return {
          text: `r${lo}=add64(Math.imul(${half(n, (op2 >> 1) & 1)},${half(m, op2 & 1)}),r${lo},r${hi});r${hi}=M.high;`,
          cycleClass: 'longMultiply',
        };
      }
      if (op2 === 12 || op2 === 13) {
        const x = op2 & 1;
        return {
          text: `r${lo}=add64(Math.imul(${half(n, 0)},${half(m, x)})+Math.imul(${half(n, 1)},${half(m, 1 - x)}),r${lo},r${hi});r${hi}=M.high;`,
          cycleClass: 'longMultiply',
        };
      }
      return null;
    }
    case 6:
      if (op2 === 0) return long(false, `r${lo},r${hi}`);
      return op2 === 6
        ? { text: `r${lo}=umaal(${rn},${rm},r${lo},r${hi});r${hi}=M.high;`, cycleClass: 'longMultiply' }
        : null;
    default:
      return null;
  }
}
