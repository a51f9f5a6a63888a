/** The functions of `Binary` on numbers and on bigints. Integer division truncates; Mod has the sign of the divisor, Fmod of the dividend. */
import type { BinaryFunction } from '../../ir/op.ts';

export type NumberFunction = (a: number, b: number) => number;
export type BigIntFunction = (a: bigint, b: bigint) => bigint;

const truth = (value: boolean): number => (value ? 1 : 0);

/** By other distances nothing is left but the sign. */
function isShift(distance: number | bigint): boolean {
  return distance >= 0 && distance < 64;
}

function floorMod(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function power(a: number, b: number): number {
  return a === 1 ? 1 : a ** b;
}

export const BINARY: { readonly [F in BinaryFunction]: NumberFunction } = {
  Add: (a, b) => a + b,
  And: (a, b) => truth(a !== 0 && b !== 0),
  BitShiftLeft: (a, b) => (isShift(b) ? (a * 2 ** b) % 2 ** 32 : 0),
  BitShiftRight: (a, b) => (isShift(b) ? Math.floor(a / 2 ** b) : a < 0 ? -1 : 0),
  BitwiseAnd: (a, b) => a & b,
  BitwiseOr: (a, b) => a | b,
  BitwiseXor: (a, b) => a ^ b,
  Div: (a, b) => a / b,
  Equal: (a, b) => truth(a === b),
  Greater: (a, b) => truth(a > b),
  GreaterOrEqual: (a, b) => truth(a >= b),
  Less: (a, b) => truth(a < b),
  LessOrEqual: (a, b) => truth(a <= b),
  Max: Math.max,
  Min: Math.min,
  Mod: floorMod,
  Fmod: (a, b) => a % b,
  Mul: (a, b) => a * b,
  Or: (a, b) => truth(a !== 0 || b !== 0),
  Pow: power,
  PRelu: (x, slope) => (x < 0 ? slope * x : x),
  Sub: (a, b) => a - b,
  Xor: (a, b) => truth((a !== 0) !== (b !== 0)),
};

const bigTruth = (value: boolean): bigint => (value ? 1n : 0n);

function bigDivide(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a / b;
}

function bigRemainder(a: bigint, b: bigint): bigint {
  return b === 0n ? 0n : a % b;
}

function bigFloorMod(a: bigint, b: bigint): bigint {
  const rest = bigRemainder(a, b);
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

/** Functions whose 64-bit results must be exact. */
export const BINARY_BIGINT: Partial<Record<BinaryFunction, BigIntFunction>> = {
  Add: (a, b) => a + b,
  BitShiftLeft: (a, b) => (isShift(b) ? a << b : 0n),
  BitShiftRight: (a, b) => (isShift(b) ? a >> b : a < 0n ? -1n : 0n),
  BitwiseAnd: (a, b) => a & b,
  BitwiseOr: (a, b) => a | b,
  BitwiseXor: (a, b) => a ^ b,
  Div: bigDivide,
  Equal: (a, b) => bigTruth(a === b),
  Greater: (a, b) => bigTruth(a > b),
  GreaterOrEqual: (a, b) => bigTruth(a >= b),
  Less: (a, b) => bigTruth(a < b),
  LessOrEqual: (a, b) => bigTruth(a <= b),
  Max: (a, b) => (a > b ? a : b),
  Min: (a, b) => (a < b ? a : b),
  Mod: bigFloorMod,
  Fmod: bigRemainder,
  Mul: (a, b) => a * b,
  Sub: (a, b) => a - b,
};
