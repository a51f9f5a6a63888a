/** Shapes and order of elements: Reshape and its relatives, Transpose, Concat, Split, Slice, Pad, Expand, Tile. */
import { elementCount } from '../../ir/tensor.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

function reshape(c: NodeContext) {
  const input = c.shape(0);
  c.attributes.ignore('consumed_inputs');
  const wanted = c.opset < 5 ? (c.attributes.ints('shape') ?? []) : c.integers(1, 'shape');
  const allowZero = c.attributes.flag('allowzero', false);
  const shape = wanted.map((size, axis) => {
    if (size !== 0 || allowZero) return size;
    if (axis >= input.length) throw c.fail(`axis ${axis} of the new shape copies an axis that the input does not have`);
    return input[axis];
  });
  const open = shape.filter((size) => size === -1).length;
  if (open > 1 || shape.some((size) => size < -1)) throw c.fail(`the new shape [${wanted.join(', ')}] is not valid`);
  if (open === 1) {
    const known = shape.reduce((product, size) => (size === -1 ? product : product * size), 1);
    const total = elementCount(input);
    if (known === 0 || total % known !== 0) throw c.fail(`[${input.join(', ')}] cannot become [${wanted.join(', ')}]`);
    shape[shape.indexOf(-1)] = total / known;
  }
  return c.result({ kind: 'Reshape', shape }, [c.input(0, 'data')]);
}

function flatten(c: NodeContext) {
  const shape = c.shape(0);
  const axis = c.attributes.int('axis', 1);
  const at = axis === shape.length ? axis : normalizeAxis(axis, shape.length);
  const target = [elementCount(shape.slice(0, at)), elementCount(shape.slice(at))];
  return c.result({ kind: 'Reshape', shape: target }, [c.input(0, 'input')]);
}

/** Axes from an input (opset ≥ 13) or an attribute, counted in a tensor of `rank`; sorted, each once. */
export function axesOf(c: NodeContext, rank: number, sinceInput: number): number[] | undefined {
  const given = c.opset >= sinceInput ? c.optionalIntegers(1, 'axes') : c.attributes.ints('axes');
  if (given === undefined) return undefined;
  const axes = given.map((axis) => normalizeAxis(axis, rank)).sort((a, b) => a - b);
  if (new Set(axes).size !== axes.length) throw c.fail(`axes ${given.join(', ')} name an axis twice`);
  return axes;
}

function squeeze(c: NodeContext) {
  const shape = c.shape(0);
  const axes = axesOf(c, shape.length, 13);
  if (axes?.some((axis) => shape[axis] !== 1))
    throw c.fail(`only axes of size 1 can be removed from [${shape.join(', ')}]`);
  const target = shape.filter((size, axis) => (axes === undefined ? size !== 1 : !axes.includes(axis)));
  return c.result({ kind: 'Reshape', shape: target }, [c.input(0, 'data')]);
}

function unsqueeze(c: NodeContext) {
  const shape = c.shape(0);
  const count = c.opset >= 13 ? c.integers(1, 'axes').length : (c.attributes.ints('axes') ?? []).length;
  const rank = shape.length + count;
  const axes = new Set(axesOf(c, rank, 13));
  let next = 0;
  const target = Array.from({ length: rank }, (_, axis) => (axes.has(axis) ? 1 : shape[next++]));
  return c.result({ kind: 'Reshape', shape: target }, [c.input(0, 'data')]);
}

function transpose(c: NodeContext) {
  const perm = c.attributes.ints('perm') ?? Array.from({ length: c.rank() }, (_, axis) => c.rank() - 1 - axis);
  return c.result({ kind: 'Transpose', perm }, [c.input(0, 'data')]);
}

function concat(c: NodeContext) {
  const axis = c.attributes.int('axis', 1);
  return c.result({ kind: 'Concat', axis: normalizeAxis(axis, c.rank()) }, c.inputs);
}

function split(c: NodeContext) {
  const axis = normalizeAxis(c.attributes.int('axis', 0), c.rank());
  const given =
    c.opset >= 13 ? c.optionalIntegers(1, 'split') : (c.attributes.ints('split') ?? c.optionalIntegers(1, 'split'));
  const parts = c.attributes.int('num_outputs', c.outputs.length);
  const size = c.shape(0)[axis];
  if (parts < 1 || parts > 10_000) throw c.fail(`it cannot be split into ${parts} parts`);
  const whole = Math.ceil(size / parts);
  const equal = Array.from({ length: parts }, (_, i) => Math.max(0, Math.min(whole, size - i * whole)));
  if (given === undefined && c.opset < 18 && size % parts !== 0)
    throw c.fail(`axis ${axis} of size ${size} cannot be split into ${parts} equal parts`);
  return c.result({ kind: 'Split', axis, sizes: given ?? equal }, [c.input(0, 'input')]);
}

interface Range {
  readonly start: number;
  readonly step: number;
  readonly size: number;
}

/** ONNX's rule for start:end:step on an axis of `size`: numpy's, but a negative step begins inside. */
function resolveRange(start: number, end: number, step: number, size: number): Range {
  const fromFront = (index: number): number => (index < 0 ? index + size : index);
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1];
  const clamp = (index: number, least: number): number => Math.max(least, Math.min(high, fromFront(index)));
  const first = clamp(start, 0);
  const last = clamp(end, low);
  const count = size === 0 ? 0 : Math.max(0, Math.ceil((last - first) / step));
  return { start: count === 0 ? 0 : first, step, size: count };
}

function slice(c: NodeContext) {
  const shape = c.shape(0);
  const byInput = c.opset >= 10;
  const starts = byInput ? c.integers(1, 'starts') : (c.attributes.ints('starts') ?? []);
  const ends = byInput ? c.integers(2, 'ends') : (c.attributes.ints('ends') ?? []);
  const axes = (byInput ? c.optionalIntegers(3, 'axes') : c.attributes.ints('axes')) ?? starts.map((_, i) => i);
  const steps = (byInput ? c.optionalIntegers(4, 'steps') : undefined) ?? starts.map(() => 1);
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    steps.length !== starts.length ||
    steps.includes(0)
  ) {
    throw c.fail('starts, ends, axes and steps must have one entry for each sliced axis, and no step may be 0');
  }
  const ranges: Range[] = shape.map((size) => ({ start: 0, step: 1, size }));
  axes.forEach((given, i) => {
    const axis = normalizeAxis(given, shape.length);
    ranges[axis] = resolveRange(starts[i], ends[i], steps[i], shape[axis]);
  });
  const op = {
    kind: 'Slice',
    starts: ranges.map((r) => r.start),
    steps: ranges.map((r) => r.step),
    sizes: ranges.map((r) => r.size),
  } as const;
  return c.result(op, [c.input(0, 'data')]);
}

const PAD_MODES = ['constant', 'reflect', 'edge', 'wrap'] as const;

function pad(c: NodeContext) {
  const rank = c.rank();
  const mode = c.attributes.choice('mode', PAD_MODES, 'constant');
  const x = c.input(0, 'data');
  if (c.opset < 11) {
    const pads = c.attributes.ints('pads') ?? c.attributes.ints('paddings') ?? [];
    const value = c.attributes.float('value', 0);
    const { dtype } = x.type;
    const fill =
      value !== 0 && (dtype === 'float32' || dtype === 'float16' || dtype === 'float64')
        ? c.scalar('value', dtype, value)
        : undefined;
    return c.result({ kind: 'Pad', mode, pads }, [x, fill]);
  }
  const given = c.integers(1, 'pads');
  const axes =
    c.optionalIntegers(3, 'axes')?.map((axis) => normalizeAxis(axis, rank)) ??
    Array.from({ length: rank }, (_, i) => i);
  if (given.length !== 2 * axes.length) throw c.fail(`${given.length} pads do not fit ${axes.length} axes`);
  const pads = new Array<number>(2 * rank).fill(0);
  axes.forEach((axis, i) => {
    pads[axis] = given[i];
    pads[axis + rank] = given[i + axes.length];
  });
  return c.result({ kind: 'Pad', mode, pads }, [x, c.inputs[2]]);
}

function tile(c: NodeContext) {
  if (c.opset >= 6) return c.result({ kind: 'Tile', repeats: c.integers(1, 'repeats') }, [c.input(0, 'input')]);
  const axis = normalizeAxis(c.number(2, 'axis'), c.rank());
  const count = c.number(1, 'tiles');
  return c.result({ kind: 'Tile', repeats: c.shape(0).map((_, i) => (i === axis ? count : 1)) }, [c.input(0, 'input')]);
}

function trilu(c: NodeContext) {
  const k = c.inputs[1] === undefined ? 0 : c.number(1, 'k');
  return c.result({ kind: 'Trilu', upper: c.attributes.flag('upper', true), k }, [c.input(0, 'input')]);
}

export const LAYOUT: ConverterTable = {
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Expand: (c) => c.result({ kind: 'Expand', shape: c.integers(1, 'shape') }, [c.input(0, 'input')]),
  Tile: tile,
  Trilu: trilu,
};
