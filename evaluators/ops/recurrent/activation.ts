/** Activation functions of the recurrent operators, with ONNX's defaults for alpha and beta. */
import type { Recurrent } from '../../ir/op.ts';
import { UNARY } from '../elementwise/unary-functions.ts';
import { OperatorError } from '../operator.ts';

export type Activation = Recurrent['activations'][number];

interface Definition {
  readonly alpha?: number;
  readonly beta?: number;
  readonly apply: (x: number, alpha: number, beta: number) => number;
}

const FUNCTIONS: ReadonlyMap<string, Definition> = new Map<string, Definition>([
  ['Affine', { alpha: 1, beta: 0, apply: (x, alpha, beta) => alpha * x + beta }],
  ['Elu', { alpha: 1, apply: UNARY.Elu }],
  ['HardSigmoid', { alpha: Math.fround(0.2), beta: 0.5, apply: UNARY.HardSigmoid }],
  ['LeakyRelu', { alpha: Math.fround(0.01), apply: UNARY.LeakyRelu }],
  ['Relu', { apply: UNARY.Relu }],
  ['ScaledTanh', { alpha: 1, beta: 1, apply: (x, alpha, beta) => alpha * Math.tanh(beta * x) }],
  ['Sigmoid', { apply: UNARY.Sigmoid }],
  ['Softplus', { apply: UNARY.Softplus }],
  ['Softsign', { apply: UNARY.Softsign }],
  ['Tanh', { apply: Math.tanh }],
  ['ThresholdedRelu', { alpha: 1, apply: UNARY.ThresholdedRelu }],
]);

function definition(fn: string): Definition {
  const found = FUNCTIONS.get(fn);
  if (found === undefined) throw new OperatorError(`activation ${JSON.stringify(fn.slice(0, 40))} is not known`);
  return found;
}

/** Default alpha and beta of a function; undefined where it has no such parameter. Throws for unknown functions. */
export function activationDefaults(fn: string): {
  readonly alpha: number | undefined;
  readonly beta: number | undefined;
} {
  const { alpha, beta } = definition(fn);
  return { alpha, beta };
}

/** The name in ONNX's spelling, whatever its case. */
export function activationName(fn: string): string {
  return [...FUNCTIONS.keys()].find((name) => name.toLowerCase() === fn.toLowerCase()) ?? fn;
}

export function activationFunction({ fn, alpha, beta }: Activation): (x: number) => number {
  const { apply } = definition(fn);
  return (x) => apply(x, alpha, beta);
}
