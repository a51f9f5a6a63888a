/** Operators that move data: Reshape and Transpose change only the layout, Concat copies each part to its place. */
import type { Node } from '../ir/graph.ts';
import type { OpOf } from '../ir/op.ts';
import { elementCount } from '../ir/tensor.ts';
import { roundHalfEven } from '../ops/integer/requantize.ts';
import { LoweringError } from './codegen-error.ts';
import { scalar } from './constants.ts';
import { copyFields, copyKernel, mergeAxes } from './copy.ts';
import { axisStrides, channelsLast, type Layout, plainLayout, sameLayout, transposedLayout } from './layout.ts';
import type { LoweredValue, Lowering } from './lowering.ts';
import { outputQuantization } from './quantization.ts';

export function lowerReshape(lowering: Lowering, node: Node<OpOf<'Reshape'>>): void {
  const source = lowering.value(node.inputs[0]);
  lowering.alias(node.outputs[0], source, source.layout);
}

export function lowerTranspose(lowering: Lowering, node: Node<OpOf<'Transpose'>>): void {
  const source = lowering.value(node.inputs[0]);
  const plain = axisStrides(source.layout, source.shape) === undefined ? lowering.plain(source) : source;
  const layout = transposedLayout(plain.layout, plain.shape, node.op.perm);
  if (layout === undefined) throw new LoweringError('the transposition has no layout');
  lowering.alias(node.outputs[0], plain, layout);
}

/** The memory order of the parts carried over to the result: channels last when the first part is. */
function concatLayout(parts: readonly LoweredValue[], shape: readonly number[]): Layout {
  const last = channelsLast(shape);
  return parts.some(
    (part) => sameLayout(part.layout, channelsLast(part.shape)) && !sameLayout(part.layout, plainLayout(part.shape)),
  )
    ? last
    : plainLayout(shape);
}

function concatenate(
  lowering: Lowering,
  output: string,
  axis: number,
  parts: readonly LoweredValue[],
  shifted: boolean,
): void {
  const { shape } = lowering.outputType(output);
  const layout = concatLayout(parts, shape);
  const yStrides = axisStrides(layout, shape);
  const wholeStrides = axisStrides(
    layout,
    shape.map((size) => Math.max(size, 2)),
  );
  if (yStrides === undefined) throw new LoweringError('the result has no strides');
  const y = lowering.produce(output, layout, shifted);
  const axisStride = shape[axis] === 1 ? (wholeStrides?.[axis] ?? 0) : yStrides[axis];
  let start = 0;
  for (const source of parts) {
    const part = axisStrides(source.layout, source.shape) === undefined ? lowering.plain(source) : source;
    const xStrides = axisStrides(part.layout, part.shape) ?? [];
    const axes = part.shape.map((size, i) => ({
      size,
      xStride: xStrides[i],
      yStride: i === axis ? axisStride : yStrides[i],
    }));
    if (elementCount(part.shape) > 0) {
      lowering.call({
        kernel: copyKernel(lowering.storedType(y)),
        params: { struct: 'dnnrt_copy_t', fields: copyFields(mergeAxes(axes), 0, start * axisStride) },
        args: [lowering.argument(part), lowering.argument(y)],
        reads: lowering.reads(part),
        writes: [y.buffer],
      });
    }
    start += part.shape[axis];
  }
}

export function lowerConcat(lowering: Lowering, node: Node<OpOf<'Concat'>>): void {
  const values = node.inputs.map((name) => lowering.value(name));
  const shifted = values.length > 0 && values.every((value) => value.shifted);
  const parts = shifted ? values : values.map((value) => lowering.unshifted(value));
  concatenate(lowering, node.outputs[0], node.op.axis, parts, shifted);
}

/** Parts of another scale pass through a table of 256 entries first. */
export function lowerQLinearConcat(lowering: Lowering, node: Node<OpOf<'QLinearConcat'>>): void {
  const { op, inputs } = node;
  const output = outputQuantization(lowering, node.outputs[0], inputs[0], inputs[1]);
  const yZero = output.zero + output.shift;
  const parts: LoweredValue[] = [];
  for (let at = 2; at < inputs.length; at += 3) {
    const { value, shift } = lowering.signed(lowering.value(inputs[at]));
    const scale = scalar(lowering.tensor(inputs[at + 1], 'an input scale'), 'an input scale');
    const zero = scalar(lowering.optionalTensor(inputs[at + 2], 'an input zero point'), 'an input zero point', 0);
    const same = scale === output.scale && zero === yZero && shift === output.shift;
    parts.push(same ? value : requantized(lowering, value, { scale, zero: zero - shift }, output));
  }
  concatenate(lowering, node.outputs[0], op.axis, parts, output.shift !== 0);
}

function requantized(
  lowering: Lowering,
  x: LoweredValue,
  from: { readonly scale: number; readonly zero: number },
  to: { readonly scale: number; readonly zero: number; readonly lo: number; readonly hi: number },
): LoweredValue {
  const table = lowering.constant('t', 'int8_t', 256, () =>
    Int8Array.from({ length: 256 }, (_, index) => {
      const value = Math.fround(Math.fround(from.scale * (index - 128 - from.zero)) / to.scale);
      return Math.min(to.hi, Math.max(to.lo, roundHalfEven(value) + to.zero));
    }),
  );
  const buffer = lowering.scratch('int8_t', elementCount(x.shape));
  const y = { ...x, buffer };
  lowering.call({
    kernel: 'dnnrt_lut_s8',
    args: [
      { kind: 'integer', value: elementCount(x.shape) },
      { kind: 'constant', id: table },
      lowering.argument(x),
      lowering.argument(y),
    ],
    reads: lowering.reads(x),
    writes: [buffer],
    inPlace: lowering.reads(x),
  });
  return y;
}
