/**
 * QLinearMatMul of two computed int8 matrices (attention) on cores with kernels of their own: operands as they lie, by strides, columns of b laid
 * out in working memory, requantized as they are summed.
 */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { axisStrides, plainLayout } from '../layout.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { FieldValue } from '../program.ts';
import { numbers, scalar } from './constants.ts';
import { padToRank } from './copy.ts';
import { type OutputQuantization, outputQuantization } from './quantization.ts';

type Product = Node<OpOf<'QLinearMatMul'>>;

/** Multipliers and their steps as the kernels take them, and the result's parameters. All scales are constants. */
export function productRequantization(
  lowering: Lowering,
  { inputs, outputs, op }: Product,
): OutputQuantization & { readonly multiplier: FieldValue; readonly row_step: number; readonly column_step: number } {
  const aScale = numbers(lowering.tensor(inputs[1], 'a scale'));
  const bScale = numbers(lowering.tensor(inputs[4], 'a scale'));
  const output = outputQuantization(lowering, outputs[0], inputs[6], inputs[7], op.clamp);
  const [rows, columns] = [aScale.length, bScale.length];
  const multiplier = lowering.constant('m', 'float', rows * columns, () =>
    Float32Array.from({ length: rows * columns }, (_, i) => {
      const scale = Math.fround(aScale[Math.floor(i / columns)] * bScale[i % columns]);
      return scale / output.scale;
    }),
  );
  return {
    ...output,
    multiplier: { constant: multiplier },
    row_step: rows > 1 ? columns : 0,
    column_step: columns > 1 ? 1 : 0,
  };
}

/** Zero points per tensor and everything but the matrices constant. */
export function takesPacked(lowering: Lowering, { inputs }: Product): boolean {
  const parameters = [1, 2, 4, 5, 6, 7].map((index) => lowering.optional(inputs[index]));
  const isConstant = parameters.every((value) => value === undefined || value.tensor !== undefined);
  const zeros = [parameters[1], parameters[3]].every((value) => value === undefined || elementCount(value.shape) === 1);
  const matrices = [lowering.value(inputs[0]), lowering.value(inputs[3])];
  const inBytes = matrices.every(({ dtype, shape }) => ['int8', 'uint8'].includes(dtype) && elementCount(shape) > 0);
  return lowering.kernels !== 'reference' && isConstant && zeros && inBytes;
}

interface Operand {
  readonly value: LoweredValue;
  /** At least two axes. */
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly zero: number;
}

function operand(lowering: Lowering, inputs: readonly string[], at: number): Operand {
  const { value: stored, shift } = lowering.signed(lowering.value(inputs[at]));
  const flat = stored.shape.length === 1;
  const shape = !flat ? stored.shape : at === 0 ? [1, ...stored.shape] : [...stored.shape, 1];
  const reached = axisStrides(stored.layout, shape) === undefined ? lowering.plain(stored) : stored;
  const strides = axisStrides(reached.layout, shape) ?? [];
  const zero = scalar(lowering.optionalTensor(inputs[at + 2], 'a zero point'), 'a zero point', 0) - shift;
  return { value: reached, shape, strides, zero };
}

/** Columns that the kernels compute at once. */
const BLOCK = 4;

/** Share of the board's RAM that columns laid out may take. */
const SHARE = 1 / 16;

export function callPackedProduct(lowering: Lowering, node: Product): void {
  const { inputs, outputs } = node;
  const [a, b] = [operand(lowering, inputs, 0), operand(lowering, inputs, 3)];
  const [[m, k], n] = [a.shape.slice(-2), b.shape.at(-1) ?? 1];
  const rank = Math.max(a.shape.length, b.shape.length) - 2;
  const lead = ({ shape, strides }: Operand) => ({
    sizes: [...new Array<number>(rank + 2 - shape.length).fill(1), ...shape.slice(0, -2)],
    steps: [...new Array<number>(rank + 2 - shape.length).fill(0), ...strides.slice(0, -2)],
  });
  const [aLead, bLead] = [lead(a), lead(b)];
  const inPairs = lowering.kernels === 'cortex-m4f';
  const cells = inPairs ? Math.ceil(k / 2) : k;
  const most = Math.max(1, Math.floor((lowering.board.ramBytes * SHARE) / (4 * cells * BLOCK)));
  const chunk = Math.min(Math.ceil(n / BLOCK), most) * BLOCK;
  const scratch = lowering.scratch('int32_t', cells * (chunk + 1));
  const { shift, multiplier, row_step, column_step, zero, lo, hi } = productRequantization(lowering, node);
  const y = lowering.produce(outputs[0], plainLayout(lowering.outputType(outputs[0]).shape), shift !== 0);
  const batch = {
    rank,
    shape: padToRank(
      aLead.sizes.map((size, axis) => Math.max(size, bLead.sizes[axis])),
      1,
    ),
    a_stride: padToRank(aLead.steps, 0),
    b_stride: padToRank(bLead.steps, 0),
  };
  const [aRow, aColumn] = a.strides.slice(-2);
  const [bRow, bColumn] = b.strides.slice(-2);
  const fields = {
    batch: { fields: batch },
    m,
    k,
    n,
    chunk,
    a_row: aRow,
    a_column: aColumn,
    b_row: bRow,
    b_column: bColumn,
    a_zero: a.zero,
    b_zero: b.zero,
    multiplier,
    row_step,
    column_step,
    y_zero: zero,
    lo,
    hi,
  };
  lowering.call({
    kernel: inPairs ? 'dnnrt_matmul_s8_dsp' : 'dnnrt_matmul_s8',
    params: { struct: 'dnnrt_matmul_s8_t', fields },
    args: [
      lowering.argument(a.value),
      lowering.argument(b.value),
      lowering.argument(y),
      { kind: 'buffer', id: scratch, type: 'int32_t' },
    ],
    reads: lowering.reads(a.value, b.value),
    writes: [y.buffer, scratch],
  });
}
