/** QuantizeLinear, DequantizeLinear per tensor, and softmax. */
import type { Node } from '../ir/graph.ts';
import type { OpOf } from '../ir/op.ts';
import { elementCount } from '../ir/tensor.ts';
import { softmaxTable } from '../ops/integer/qlinear-softmax.ts';
import { LoweringError } from './codegen-error.ts';
import { scalar } from './constants.ts';
import { reductionOf } from './lower-pool.ts';
import type { Lowering } from './lowering.ts';
import { outputQuantization } from './quantization.ts';

export function lowerQuantizeLinear(lowering: Lowering, node: Node<OpOf<'QuantizeLinear'>>): void {
  const x = lowering.value(node.inputs[0]);
  if (x.dtype !== 'float32') throw new LoweringError(`quantizing ${x.dtype} has no kernel`);
  const output = outputQuantization(lowering, node.outputs[0], node.inputs[1], node.inputs[2]);
  const y = lowering.produce(node.outputs[0], x.layout, output.shift !== 0);
  lowering.call({
    kernel: 'dnnrt_quantize_f32_s8',
    params: {
      struct: 'dnnrt_affine_s8_t',
      fields: { n: elementCount(x.shape), scale: output.scale, zero: output.zero, lo: output.lo, hi: output.hi },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
    // Byte i is written after element i, at bytes 4i to 4i + 3, has been read.
    inPlace: lowering.reads(x),
  });
}

export function lowerDequantizeLinear(lowering: Lowering, node: Node<OpOf<'DequantizeLinear'>>): void {
  const { value: x, shift } = lowering.signed(lowering.value(node.inputs[0]));
  const scale = scalar(lowering.tensor(node.inputs[1], 'the scale'), 'the scale');
  const zero = scalar(lowering.optionalTensor(node.inputs[2], 'the zero point'), 'the zero point', 0);
  const y = lowering.produce(node.outputs[0], x.layout);
  lowering.call({
    kernel: 'dnnrt_dequantize_s8_f32',
    params: {
      struct: 'dnnrt_affine_s8_t',
      fields: { n: elementCount(x.shape), scale, zero: zero - shift, lo: -128, hi: 127 },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
  });
}

export function lowerSoftmax(lowering: Lowering, node: Node<OpOf<'Softmax'>>): void {
  const { op } = node;
  const source = lowering.value(node.inputs[0]);
  if (op.log || source.dtype !== 'float32') throw new LoweringError('only softmax on float32 has a kernel');
  const axes = source.shape.map((_, axis) => axis).filter((axis) => axis === op.axis || (op.flatten && axis > op.axis));
  const { x, outer, n, inner } = reductionOf(lowering, source, axes);
  const y = lowering.produce(node.outputs[0], x.layout);
  lowering.call({
    kernel: 'dnnrt_softmax_f32',
    params: { struct: 'dnnrt_softmax_f32_t', fields: { outer, n, inner } },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
    inPlace: lowering.reads(x),
  });
}

export function lowerQLinearSoftmax(lowering: Lowering, node: Node<OpOf<'QLinearSoftmax'>>): void {
  const { value } = lowering.signed(lowering.value(node.inputs[0]));
  const { x, outer, n, inner } = reductionOf(lowering, value, [node.op.axis]);
  const output = outputQuantization(lowering, node.outputs[0], node.inputs[3], node.inputs[4]);
  const scale = scalar(lowering.tensor(node.inputs[1], 'the input scale'), 'the input scale');
  const table = lowering.constant('t', 'float', 256, () => softmaxTable(scale, n));
  const y = lowering.produce(node.outputs[0], x.layout, output.shift !== 0);
  lowering.call({
    kernel: 'dnnrt_softmax_s8',
    params: {
      struct: 'dnnrt_softmax_s8_t',
      fields: {
        outer,
        n,
        inner,
        table: { constant: table },
        inverse: Math.floor(Math.fround(1 / output.scale)),
        y_zero: output.zero,
      },
    },
    args: [lowering.argument(x), lowering.argument(y)],
    reads: lowering.reads(x),
    writes: [y.buffer],
    inPlace: lowering.reads(x),
  });
}
