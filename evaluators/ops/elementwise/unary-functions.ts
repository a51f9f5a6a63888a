/** The functions of `Unary`, as ONNX defines them, on numbers. `alpha` and `beta` have the operator's meaning. */
import type { UnaryFunction } from '../../ir/op.ts';

export type ScalarFunction = (x: number, alpha: number, beta: number) => number;

/**
 * erf(x) by its Maclaurin series for |x| < 3, else 1 - erfc(x) by a continued fraction (Abramowitz & Stegun 7.1.5, 7.1.14);
 * absolute error below 1e-14.
 */
export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const a = Math.abs(x);
  if (a > 6) return Math.sign(x);
  if (a < 3) {
    let term = a;
    let sum = a;
    for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
      if (n > 200) break;
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / 2 / (a + fraction);
  return Math.sign(x) * (1 - Math.exp(-a * a) / ((a + fraction) * Math.sqrt(Math.PI)));
}

/** Rounds to the nearest integer, ties to even. */
export function roundEven(x: number): number {
  const rounded = Math.round(x);
  return Math.abs(x % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function softplus(x: number): number {
  return x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x));
}

function gelu(x: number, tanhApproximation: number): number {
  if (tanhApproximation === 1) return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + erf(x / Math.SQRT2));
}

function shrink(x: number, bias: number, lambda: number): number {
  if (x < -lambda) return x + bias;
  return x > lambda ? x - bias : 0;
}

/** `alpha`, `beta`: detect_negative, detect_positive. */
function isInfinite(x: number, negative: number, positive: number): number {
  return (x === Number.POSITIVE_INFINITY && positive !== 0) || (x === Number.NEGATIVE_INFINITY && negative !== 0)
    ? 1
    : 0;
}

export const UNARY: { readonly [F in UnaryFunction]: ScalarFunction } = {
  Abs: Math.abs,
  Acos: Math.acos,
  Acosh: Math.acosh,
  Asin: Math.asin,
  Asinh: Math.asinh,
  Atan: Math.atan,
  Atanh: Math.atanh,
  BitwiseNot: (x) => ~x,
  Ceil: Math.ceil,
  Celu: (x, alpha) => Math.max(0, x) + Math.min(0, alpha * Math.expm1(x / alpha)),
  Cos: Math.cos,
  Cosh: Math.cosh,
  Elu: (x, alpha) => (x < 0 ? alpha * Math.expm1(x) : x),
  Erf: erf,
  Exp: Math.exp,
  Floor: Math.floor,
  Gelu: gelu,
  HardSigmoid: (x, alpha, beta) => Math.max(0, Math.min(1, alpha * x + beta)),
  HardSwish: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  IsInf: isInfinite,
  IsNaN: (x) => (Number.isNaN(x) ? 1 : 0),
  LeakyRelu: (x, alpha) => (x < 0 ? alpha * x : x),
  Log: Math.log,
  Mish: (x) => x * Math.tanh(softplus(x)),
  Neg: (x) => -x,
  Not: (x) => (x === 0 ? 1 : 0),
  Reciprocal: (x) => 1 / x,
  Relu: (x) => (x < 0 ? 0 : x),
  Round: roundEven,
  Selu: (x, alpha, gamma) => (x > 0 ? gamma * x : gamma * alpha * Math.expm1(x)),
  Shrink: shrink,
  Sigmoid: sigmoid,
  Sign: Math.sign,
  Sin: Math.sin,
  Sinh: Math.sinh,
  Softplus: softplus,
  Softsign: (x) => x / (1 + Math.abs(x)),
  Sqrt: Math.sqrt,
  Tan: Math.tan,
  Tanh: Math.tanh,
  ThresholdedRelu: (x, alpha) => (x > alpha ? x : 0),
};
