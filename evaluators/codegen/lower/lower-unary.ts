/** Unary and Clip on floats and integers: they keep the layout of their operand. */
import { isFloat } from '../../ir/dtype.ts';
import type { Node } from '../../ir/graph.ts';
import type { OpOf, UnaryFunction } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import type { Lowering } from '../lowering.ts';
import { clampCall } from './clamp-call.ts';
import { scalar } from './constants.ts';
import { DOUBLE_CODE, integerCode, unaryCode } from './element-code.ts';
import { invoke } from './invoke.ts';
import { broadcastOperation } from './lower-binary.ts';

/** `HardSigmoid` -> `hard_sigmoid`. */
function kernelName(fn: UnaryFunction): string {
  if (fn === 'IsInf') return 'dnnrt_is_inf_f32';
  if (fn === 'IsNaN') return 'dnnrt_is_nan_f32';
  return `dnnrt_${fn.replaceAll(/(?<=[a-z])[A-Z]/g, '_$&').toLowerCase()}_f32`;
}

export function lowerUnary(lowering: Lowering, node: Node<OpOf<'Unary'>>): void {
  const { fn, alpha, beta } = node.op;
  const x = lowering.unshifted(lowering.value(node.inputs[0]));
  const n = elementCount(x.shape);
  const y = lowering.produce(node.outputs[0], x.layout);
  const values = { operands: [x], results: [y], inPlace: lowering.reads(x) };
  if (!isFloat(x.dtype)) {
    const fields = { n, operation: unaryCode(fn), type: integerCode(x.dtype) };
    invoke(lowering, { kernel: 'dnnrt_unary_int', params: ['dnnrt_unary_int_t', fields], ...values });
    return;
  }
  if (x.dtype === 'float64') {
    const fields = { n, operation: unaryCode(fn), type: DOUBLE_CODE };
    invoke(lowering, { kernel: 'dnnrt_unary_f64', params: ['dnnrt_unary_int_t', fields], ...values });
    return;
  }
  const kernel = fn === 'Gelu' && alpha === 1 ? 'dnnrt_gelu_tanh_f32' : kernelName(fn);
  invoke(lowering, { kernel, params: ['dnnrt_map_t', { n, alpha, beta }], ...values });
}

/** Limits that are not constant, or not floats, are applied one after the other. */
export function lowerClip(lowering: Lowering, node: Node<OpOf<'Clip'>>): void {
  const x = lowering.unshifted(lowering.value(node.inputs[0]));
  const [lo, hi] = [lowering.optional(node.inputs[1]), lowering.optional(node.inputs[2])];
  const constant = [lo, hi].every((limit) => limit === undefined || limit.tensor !== undefined);
  if (isFloat(x.dtype) && constant) {
    const y = lowering.produce(node.outputs[0], x.layout);
    clampCall(
      lowering,
      x,
      y,
      scalar(lo?.tensor, 'the lower limit', Number.NEGATIVE_INFINITY),
      scalar(hi?.tensor, 'the upper limit', Number.POSITIVE_INFINITY),
    );
    return;
  }
  let current = x;
  if (lo !== undefined) current = broadcastOperation(lowering, node.outputs[0], 'Max', [current, lo]);
  if (hi !== undefined) current = broadcastOperation(lowering, node.outputs[0], 'Min', [current, hi]);
  if (lo === undefined && hi === undefined) lowering.alias(node.outputs[0], x, x.layout);
}
