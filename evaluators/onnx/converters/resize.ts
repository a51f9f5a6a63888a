/** Resize and Upsample: scales or sizes are resolved to both, one per axis. */
import type { OpOf } from '../../ir/op.ts';
import { elementCount } from '../../ir/tensor.ts';
import { numbersOf } from '../../ops/elements.ts';
import { normalizeAxis } from '../../ops/operator.ts';
import { COORDINATE_MODES } from '../../ops/resize/coordinates.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

type Resize = OpOf<'Resize'>;

const NEAREST_MODES = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;
const MODES = ['nearest', 'linear', 'bilinear', 'trilinear', 'cubic', 'bicubic'] as const;

function modeOf(c: NodeContext): Resize['mode'] {
  const mode = c.attributes.choice('mode', MODES, 'nearest');
  if (mode === 'nearest') return mode;
  return mode.endsWith('cubic') ? 'cubic' : 'linear';
}

/** The rule of Upsample and of Resize before opset 11. */
function oldResize(c: NodeContext, scales: readonly number[]) {
  const input = c.shape(0);
  if (scales.length !== input.length) throw c.fail(`${scales.length} scales do not fit ${input.length} axes`);
  const op: Resize = {
    kind: 'Resize',
    mode: modeOf(c),
    coordinates: 'asymmetric',
    nearestMode: 'floor',
    cubicA: -0.75,
    excludeOutside: false,
    antialias: false,
    extrapolationValue: 0,
    scales,
    roi: [],
    shape: input.map((size, axis) => Math.floor(size * scales[axis])),
  };
  return c.result(op, [c.input(0, 'input')]);
}

function floats(c: NodeContext, index: number, role: string): number[] | undefined {
  if (c.inputs[index] === undefined || elementCount(c.shape(index)) === 0) return undefined;
  return Array.from(numbersOf(c.constant(index, role)));
}

function upsample(c: NodeContext) {
  if (c.opset >= 10) throw c.unsupported('Upsample no longer exists since opset 10', 'Use Resize.');
  if (c.opset >= 9) return oldResize(c, floats(c, 1, 'scales') ?? []);
  const [height, width] = [c.attributes.optionalFloat('height_scale'), c.attributes.optionalFloat('width_scale')];
  return oldResize(
    c,
    c.attributes.floats('scales') ?? (height === undefined || width === undefined ? [] : [1, 1, height, width]),
  );
}

interface Sizing {
  readonly scales: number[];
  readonly shape: number[];
}

function sizing(c: NodeContext, axes: readonly number[]): Sizing {
  const input = c.shape(0);
  const policy = c.attributes.choice('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'], 'stretch');
  const scales = input.map(() => 1);
  const shape = [...input];
  const given = floats(c, 2, 'scales');
  const sizes = floats(c, 3, 'sizes');
  const values = given ?? sizes;
  if (values === undefined || (given !== undefined && sizes !== undefined))
    throw c.fail('it needs either scales or sizes');
  if (values.length !== axes.length) throw c.fail(`${values.length} scales or sizes do not fit ${axes.length} axes`);
  const ratios = axes.map((axis, i) => (given === undefined ? values[i] / input[axis] : values[i]));
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  axes.forEach((axis, i) => {
    const keep = given === undefined && policy !== 'stretch';
    scales[axis] = Math.fround(keep ? common : ratios[i]);
    if (given !== undefined) shape[axis] = Math.floor(input[axis] * scales[axis]);
    else shape[axis] = keep ? Math.floor(common * input[axis] + 0.5) : values[i];
  });
  return { scales, shape };
}

function resize(c: NodeContext) {
  if (c.opset < 11) return oldResize(c, floats(c, 1, 'scales') ?? []);
  const a = c.attributes;
  const rank = c.rank();
  const axes = (a.ints('axes') ?? c.shape(0).map((_, i) => i)).map((axis) => normalizeAxis(axis, rank));
  const coordinates = a.choice('coordinate_transformation_mode', COORDINATE_MODES, 'half_pixel');
  const cropping = coordinates === 'tf_crop_and_resize';
  const region = cropping ? floats(c, 1, 'roi') : undefined;
  const roi = region === undefined ? [] : [...c.shape(0).map(() => 0), ...c.shape(0).map(() => 1)];
  axes.forEach((axis, i) => {
    if (region === undefined) return;
    roi[axis] = region[i];
    roi[axis + rank] = region[i + axes.length];
  });
  const op: Resize = {
    kind: 'Resize',
    mode: modeOf(c),
    coordinates,
    nearestMode: a.choice('nearest_mode', NEAREST_MODES, 'round_prefer_floor'),
    cubicA: a.float('cubic_coeff_a', -0.75),
    excludeOutside: a.flag('exclude_outside', false),
    antialias: a.flag('antialias', false),
    extrapolationValue: a.float('extrapolation_value', 0),
    roi,
    ...sizing(c, axes),
  };
  return c.result(op, [c.input(0, 'input')]);
}

export const RESIZE: ConverterTable = { Resize: resize, Upsample: upsample };
