/**
 * A call as two calls that may run at the same time: rows of an image, pixels of a 1×1 convolution, channels, elements, outputs of a fully
 * connected layer. The halves read what they like and write apart from each other; each has working memory of its own.
 */
import { stripWords } from '../kernels/call-swar.ts';
import type { WindowFields } from '../lower/window.ts';
import { type RowOperation, rowCount, rowOperation, windowOf } from '../patches/row-operation.ts';
import { numberOf } from '../predict/field-values.ts';
import type { Step } from '../program.ts';
import { byChannels } from './halve-channels.ts';
import { byOutputs } from './halve-outputs.ts';
import { apart, cuts, type Halves, isBuffer, moved, partBytes, type Surroundings, withFields } from './halves.ts';

/** Every way to halve the call. */
export function halvings(step: Step, around: Surroundings): Halves[] {
  const operation = rowOperation(step);
  return [
    ...(operation === undefined ? [] : byRows(operation, around)),
    ...byPixels(step, around),
    ...byChannels(step, around),
    ...byOutputs(step, around),
    ...byOuterAxis(step, around),
  ];
}

/** Elements are counted in whole words. */
const ELEMENTS = 4;

function byRows(operation: RowOperation, around: Surroundings): Halves[] {
  const { step, operands, result } = operation;
  const made = step.args[result];
  const elements = isBuffer(made) ? (around.buffers.get(made.id)?.elements ?? 0) : 0;
  const window = windowOf(step);
  const height = operation.rowsOut ?? window?.out_w ?? elements;
  const rowBytes = partBytes(around, made, height);
  const readRows = operation.rowsIn ?? height;
  const readBytes = operands.map((position) => partBytes(around, step.args[position], readRows));
  if (rowBytes === undefined || readBytes.includes(undefined)) return [];
  return cuts(height, operation.rowsOut === undefined && window === undefined ? ELEMENTS : 1).flatMap((cut) => {
    const part = (from: number, to: number): Step | undefined => {
      const half = operation.part({ from, to }, height);
      const read = operation.needed({ from, to }, readRows);
      if (half === undefined || rowCount(read) < 1) return undefined;
      const skips = operands.map((position, i) => [position, read.from * (readBytes[i] ?? 0)] as const);
      return moved(half, new Map([...skips, [result, from * rowBytes]]));
    };
    return apart([part(0, cut), part(cut, height)], around, { shared: [...operands, result] });
  });
}

/** Images with more rows are halved by these. */
const MOST_ROWS = 7;

/** Convolutions that see one pixel at a time, over images with few rows. */
function byPixels(step: Step, around: Surroundings): Halves[] {
  const w = windowOf(step);
  const fields = step.params?.fields;
  if (w === undefined || fields === undefined || step.kernel !== 'dnnrt_conv2d_s8_swar') return [];
  const sameSize = w.in_h === w.out_h && w.in_w === w.out_w && w.pad_top === 0 && w.pad_left === 0;
  if (w.kernel_h * w.kernel_w * w.stride_h * w.stride_w * w.batch !== 1 || !sameSize || w.out_h > MOST_ROWS) return [];
  const pixels = w.out_h * w.out_w;
  return cuts(pixels, 1).flatMap((cut) => {
    const windowed = (count: number): WindowFields => ({ ...w, in_h: 1, out_h: 1, in_w: count, out_w: count });
    const part = (from: number, to: number): Step => {
      const half = withFields(step, { ...fields, window: { fields: { ...windowed(to - from) } } });
      return moved(
        half,
        new Map([
          [0, from * w.in_c],
          [1, from * numberOf(fields, 'out_c')],
        ]),
      );
    };
    const inStrips = numberOf(fields, 'strips') === 1;
    const moreBytes = inStrips ? 4 * (stripWords(windowed(Math.max(cut, pixels - cut))) - stripWords(w)) : 0;
    return apart([part(0, cut), part(cut, pixels)], around, { shared: [0, 1], moreBytes });
  });
}

/** Copies between layouts: the outermost axis in two. */
function byOuterAxis(step: Step, around: Surroundings): Halves[] {
  const fields = step.params?.fields ?? {};
  const { shape, x_stride: x, y_stride: y } = fields;
  if (step.params?.struct !== 'dnnrt_copy_t' || !isList(shape) || !isList(x) || !isList(y)) return [];
  return cuts(shape[0], 1).flatMap((cut) => {
    const part = (from: number, to: number): Step =>
      withFields(step, {
        ...fields,
        shape: [to - from, ...shape.slice(1)],
        x_offset: numberOf(fields, 'x_offset') + from * x[0],
        y_offset: numberOf(fields, 'y_offset') + from * y[0],
      });
    const shared = step.args.map((_, position) => position);
    return y[0] === 0 ? [] : apart([part(0, cut), part(cut, shape[0])], around, { shared });
  });
}

function isList(value: unknown): value is readonly number[] {
  return Array.isArray(value);
}
