/** Element by element: unary functions, binary and variadic arithmetic, comparisons, Clip, Where, Cast. */
import { isFloat } from '../../ir/dtype.ts';
import { BINARY_FUNCTIONS, type BinaryFunction, UNARY_FUNCTIONS, type UnaryFunction } from '../../ir/op.ts';
import { elementCount, type Tensor } from '../../ir/tensor.ts';
import { withShape } from '../../ops/elements.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import { dtypeOfNumber, elementTypeName } from '../element-types.ts';
import type { Value } from '../graph-builder.ts';
import { ProblemFound } from '../import-error.ts';
import type { Converter, ConverterTable, NodeContext } from '../node-context.ts';

/** Functions with attributes: names and defaults of `alpha` and `beta` of the operator in ir/op.ts. */
const PARAMETERS: Partial<Record<UnaryFunction, readonly (readonly [string, number])[]>> = {
  Celu: [['alpha', 1]],
  Elu: [['alpha', 1]],
  HardSigmoid: [
    ['alpha', 0.2],
    ['beta', 0.5],
  ],
  LeakyRelu: [['alpha', 0.01]],
  Selu: [
    ['alpha', 1.6732632423543772],
    ['gamma', 1.0507009873554805],
  ],
  Shrink: [
    ['bias', 0],
    ['lambd', 0.5],
  ],
  ThresholdedRelu: [['alpha', 1]],
};

export function unaryConverter(fn: UnaryFunction): Converter {
  return (c) => {
    c.attributes.ignore('consumed_inputs');
    const [alpha, beta] = (PARAMETERS[fn] ?? []).map(([name, fallback]) => c.attributes.float(name, fallback));
    return c.result({ kind: 'Unary', fn, alpha: alpha ?? 0, beta: beta ?? 0 }, [c.input(0, 'input')]);
  };
}

/** All but those whose converters are below. */
const PLAIN_UNARY = UNARY_FUNCTIONS.filter((fn) => fn !== 'Gelu' && fn !== 'IsInf');

function gelu(c: NodeContext) {
  const approximate = c.attributes.choice('approximate', ['none', 'tanh'], 'none');
  return c.result({ kind: 'Unary', fn: 'Gelu', alpha: approximate === 'tanh' ? 1 : 0, beta: 0 }, [c.input(0, 'input')]);
}

function isInf(c: NodeContext) {
  const [alpha, beta] = [c.attributes.int('detect_negative', 1), c.attributes.int('detect_positive', 1)];
  return c.result({ kind: 'Unary', fn: 'IsInf', alpha, beta }, [c.input(0, 'input')]);
}

/** Before opset 7 the second operand was aligned with `axis` of the first when `broadcast` was set. */
function alignedOperand(c: NodeContext): Value {
  const b = c.input(1, 'b');
  const axis = c.attributes.optionalInt('axis');
  const broadcast = c.attributes.flag('broadcast', false);
  c.attributes.ignore('consumed_inputs');
  if (c.opset >= 7) return b;
  const same = b.type.shape.length === c.rank(0) && b.type.shape.every((size, i) => size === c.shape(0)[i]);
  if (!broadcast && !same) throw c.fail('before opset 7, operands must have one shape unless broadcast = 1');
  if (axis === undefined || same) return b;
  const trailing = c.rank(0) - normalizeAxis(axis, c.rank(0)) - b.type.shape.length;
  if (trailing <= 0) return b;
  const shape = [...b.type.shape, ...new Array<number>(trailing).fill(1)];
  return c.step({ kind: 'Reshape', shape }, b);
}

function binaryConverter(fn: BinaryFunction): Converter {
  return (c) => c.result({ kind: 'Binary', fn }, [c.input(0, 'a'), alignedOperand(c)]);
}

/** Functions of several operands, with attributes or under other names in ONNX. */
const SPECIAL_BINARY: ReadonlySet<BinaryFunction> = new Set<BinaryFunction>([
  'BitShiftLeft',
  'BitShiftRight',
  'Fmod',
  'Max',
  'Min',
  'Mod',
  'PRelu',
]);
const PLAIN_BINARY = BINARY_FUNCTIONS.filter((fn) => !SPECIAL_BINARY.has(fn));

function variadicConverter(fn: 'Sum' | 'Mean' | 'Max' | 'Min'): Converter {
  return (c) => {
    c.attributes.ignore('consumed_inputs');
    if (c.inputs.length === 1) return c.result({ kind: 'Reshape', shape: c.shape(0) }, c.inputs);
    if (c.inputs.length === 2 && fn !== 'Mean') {
      return c.result({ kind: 'Binary', fn: fn === 'Sum' ? 'Add' : fn }, c.inputs);
    }
    return c.result({ kind: 'Variadic', fn }, c.inputs);
  };
}

/** Before opset 9 a slope of the shape [C] went with axis 1. */
function prelu(c: NodeContext) {
  c.attributes.ignore('consumed_inputs');
  const slope = c.input(1, 'slope');
  const [, channels] = c.shape(0);
  const perChannel =
    c.opset < 9 && slope.type.shape.length === 1 && c.rank(0) > 2 && slope.type.shape[0] === channels && channels !== 1;
  const aligned = perChannel
    ? c.step({ kind: 'Reshape', shape: [channels, ...new Array<number>(c.rank(0) - 2).fill(1)] }, slope)
    : slope;
  return c.result({ kind: 'Binary', fn: 'PRelu' }, [c.input(0, 'input'), aligned]);
}

function bitShift(c: NodeContext) {
  const direction = c.attributes.choice('direction', ['LEFT', 'RIGHT'], 'LEFT');
  return c.result({ kind: 'Binary', fn: direction === 'LEFT' ? 'BitShiftLeft' : 'BitShiftRight' }, c.inputs);
}

/** x · σ(α x) */
function swish(c: NodeContext) {
  const [x, gate] = gated(c);
  return c.result({ kind: 'Binary', fn: 'Mul' }, [x, gate]);
}

/** a · σ(α a) · b */
function swiGlu(c: NodeContext) {
  const [a, gate] = gated(c);
  return c.result({ kind: 'Binary', fn: 'Mul' }, [c.step({ kind: 'Binary', fn: 'Mul' }, a, gate), c.input(1, 'b')]);
}

function gated(c: NodeContext): readonly [Value, Value] {
  const x = c.input(0, 'input');
  const alpha = c.attributes.float('alpha', 1);
  const dtype = c.dtype();
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'float64')
    throw c.fail(`its input is ${dtype}, it must be a float`);
  const scaled = alpha === 1 ? x : c.step({ kind: 'Binary', fn: 'Mul' }, x, c.scalar('alpha', dtype, alpha));
  return [x, c.step({ kind: 'Unary', fn: 'Sigmoid', alpha: 0, beta: 0 }, scaled)];
}

function mod(c: NodeContext) {
  const fmod = c.attributes.flag('fmod', false);
  if (!fmod && isFloat(c.dtype()) && c.opset < 28) throw c.fail('Mod of floats needs fmod = 1');
  return c.result({ kind: 'Binary', fn: fmod ? 'Fmod' : 'Mod' }, c.inputs);
}

/** A one-element bound as a scalar. */
function scalarBound(c: NodeContext, index: number, role: string): Value | undefined {
  const value = c.inputs[index];
  if (value === undefined || value.type.shape.length === 0) return value;
  if (elementCount(value.type.shape) !== 1) throw c.fail(`the ${role} of Clip must be a scalar`);
  return value.constant === undefined
    ? c.step({ kind: 'Reshape', shape: [] }, value)
    : c.newConstant(role, withShape(value.constant, []));
}

function clip(c: NodeContext) {
  const x = c.input(0, 'input');
  if (c.opset >= 11) return c.result({ kind: 'Clip' }, [x, scalarBound(c, 1, 'min'), scalarBound(c, 2, 'max')]);
  c.attributes.ignore('consumed_inputs');
  const { dtype } = x.type;
  if (dtype !== 'float32' && dtype !== 'float16' && dtype !== 'float64')
    throw c.fail(`Clip of ${dtype} needs opset 11 or later`);
  const [low, high] = [c.attributes.optionalFloat('min'), c.attributes.optionalFloat('max')];
  const bounds = [low, high].map((bound, i) =>
    bound === undefined ? undefined : c.scalar(i === 0 ? 'min' : 'max', dtype, bound),
  );
  return c.result({ kind: 'Clip' }, [x, ...bounds]);
}

function castTo(c: NodeContext, number: number) {
  const to = dtypeOfNumber(number);
  if (to === undefined)
    throw new ProblemFound(
      'UNSUPPORTED_TYPE',
      `it casts to ${elementTypeName(number)}`,
      'Use a float, integer or bool type.',
    );
  return c.result({ kind: 'Cast', to, saturate: c.attributes.flag('saturate', true) }, [c.input(0, 'input')]);
}

const OLD_TYPE_NAMES = [
  '',
  'FLOAT',
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'INT32',
  'INT64',
  'STRING',
  'BOOL',
  'FLOAT16',
  'DOUBLE',
  'UINT32',
  'UINT64',
];

function cast(c: NodeContext) {
  return castTo(c, c.opset < 6 ? OLD_TYPE_NAMES.indexOf(c.attributes.string('to', '')) : c.attributes.int('to', 0));
}

function castLike(c: NodeContext) {
  return c.result({ kind: 'Cast', to: c.dtype(1), saturate: c.attributes.flag('saturate', true) }, [
    c.input(0, 'input'),
  ]);
}

/** Identity: the value itself under another name. */
export const identity: Converter = (c) => [c.input(0, 'input')];

/** Dropout at inference: the input; the optional mask is all true. */
function dropout(c: NodeContext) {
  c.attributes.ignore('ratio', 'seed', 'is_test', 'consumed_inputs');
  if (c.inputs[2] !== undefined && c.number(2, 'training_mode') !== 0) {
    throw c.unsupported('Dropout is in training mode', 'Export the model in inference mode.');
  }
  const x = c.input(0, 'input');
  if (c.outputs.length < 2 || c.outputs[1] === '') return [x];
  const data = new Uint8Array(elementCount(x.type.shape)).fill(1);
  return [x, c.newConstant('mask', { dtype: 'bool', shape: x.type.shape, data } as Tensor)];
}

export const ELEMENTWISE: ConverterTable = {
  ...Object.fromEntries(PLAIN_UNARY.map((fn) => [fn, unaryConverter(fn)])),
  ...Object.fromEntries(PLAIN_BINARY.map((fn) => [fn, binaryConverter(fn)])),
  Gelu: gelu,
  IsInf: isInf,
  Sum: variadicConverter('Sum'),
  Mean: variadicConverter('Mean'),
  Max: variadicConverter('Max'),
  Min: variadicConverter('Min'),
  PRelu: prelu,
  BitShift: bitShift,
  Mod: mod,
  SwiGLU: swiGlu,
  Swish: swish,
  Clip: clip,
  Where: (c) => c.result({ kind: 'Where' }, c.inputs),
  Cast: cast,
  CastLike: castLike,
  Identity: identity,
  Dropout: dropout,
};
