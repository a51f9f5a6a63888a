/** Operators that look between the elements of an image, and those that place them, by way of simpler ones: AffineGrid, Col2Im, MaxUnpool. */
import { elementCount, stridesOf } from '../../ir/tensor.ts';
import { tensorOf } from '../../ops/elements.ts';
import type { Value } from '../graph-builder.ts';
import type { ConverterTable, NodeContext } from '../node-context.ts';

/** grid[n, p] = theta[n] · (x_p, y_p, …, 1): a product with the coordinates of all places in [−1, 1]. */
function affineGrid(c: NodeContext): readonly Value[] {
  const theta = c.input(0, 'theta');
  const size = c.integers(1, 'size');
  const spatial = size.slice(2);
  const axes = spatial.length;
  const [batch, rows, columns] = theta.type.shape;
  if (axes < 2 || axes > 3 || rows !== axes || columns !== axes + 1 || batch !== size[0])
    throw c.fail(`theta [${theta.type.shape.join(', ')}] does not fit the size [${size.join(', ')}]`);
  const corners = c.attributes.flag('align_corners', false);
  const places = elementCount(spatial);
  const strides = stridesOf(spatial);
  const coordinate = (i: number, length: number) =>
    corners ? (length === 1 ? -1 : (2 * i) / (length - 1) - 1) : (2 * i + 1) / length - 1;
  const base = new Float64Array((axes + 1) * places);
  for (let p = 0; p < places; p++) {
    for (let axis = 0; axis < axes; axis++) {
      // Coordinates come with the last axis first.
      const along = axes - 1 - axis;
      base[axis * places + p] = coordinate(Math.floor(p / strides[along]) % spatial[along], spatial[along]);
    }
    base[axes * places + p] = 1;
  }
  const points = c.newConstant('places', tensorOf({ dtype: theta.type.dtype, shape: [axes + 1, places] }, base));
  const moved = c.step({ kind: 'Transpose', perm: [0, 2, 1] }, c.step({ kind: 'MatMul' }, theta, points));
  return c.result({ kind: 'Reshape', shape: [batch, ...spatial, axes] }, [moved]);
}

/** Where each of `source`'s elements goes: added up in zeros of `shape` [outer, places], at `indices` [outer, n]. */
function scattered(c: NodeContext, shape: readonly number[], indices: Value, source: Value, adds: boolean): Value {
  const zeros = c.newConstant(
    'zeros',
    tensorOf({ dtype: source.type.dtype, shape }, new Float64Array(elementCount(shape))),
  );
  return c.step({ kind: 'ScatterElements', axis: 1, reduction: adds ? 'add' : 'none' }, zeros, indices, source);
}

/** Sums of blocks at the places that a convolution would take them from; what lies in the padding is cut off. */
function col2im(c: NodeContext): readonly Value[] {
  const x = c.input(0, 'input');
  const [image, block] = [c.integers(1, 'image_shape'), c.integers(2, 'block_shape')];
  const axes = image.length;
  const ones = image.map(() => 1);
  const [dilations, strides] = [c.attributes.ints('dilations') ?? ones, c.attributes.ints('strides') ?? ones];
  const pads = c.attributes.ints('pads') ?? [...image, ...image].map(() => 0);
  const padded = image.map((size, i) => size + pads[i] + pads[i + axes]);
  const steps = padded.map((size, i) => Math.floor((size - dilations[i] * (block[i] - 1) - 1) / strides[i]) + 1);
  const [taps, blocks] = [elementCount(block), elementCount(steps)];
  const [batch, depth, last] = x.type.shape;
  if (block.length !== axes || last !== blocks || depth % taps !== 0)
    throw c.fail(`blocks [${x.type.shape.join(', ')}] do not make images of [${image.join(', ')}]`);
  const channels = depth / taps;
  const [tapStrides, blockStrides, placeStrides] = [stridesOf(block), stridesOf(steps), stridesOf(padded)];
  const outer = batch * channels;
  const perImage = taps * blocks;
  const data = new BigInt64Array(outer * perImage);
  for (let i = 0; i < perImage; i++) {
    const [tap, at] = [Math.floor(i / blocks), i % blocks];
    let place = 0;
    for (let axis = 0; axis < axes; axis++) {
      const step = Math.floor(at / blockStrides[axis]) % steps[axis];
      const inside = Math.floor(tap / tapStrides[axis]) % block[axis];
      place += (step * strides[axis] + inside * dilations[axis]) * placeStrides[axis];
    }
    for (let o = 0; o < outer; o++) data[o * perImage + i] = BigInt(place);
  }
  const indices = c.newConstant('places', { dtype: 'int64', shape: [outer, perImage], data });
  const source = c.step({ kind: 'Reshape', shape: [outer, perImage] }, x);
  const sums = scattered(c, [outer, elementCount(padded)], indices, source, true);
  const whole = c.step({ kind: 'Reshape', shape: [batch, channels, ...padded] }, sums);
  const starts = [0, 0, ...pads.slice(0, axes)];
  return c.result({ kind: 'Slice', starts, steps: starts.map(() => 1), sizes: [batch, channels, ...image] }, [whole]);
}

/** Largest values back at the flat places that MaxPool gave with them; the rest is 0. */
function maxUnpool(c: NodeContext): readonly Value[] {
  const [x, places] = [c.input(0, 'input'), c.input(1, 'indices')];
  const { shape } = x.type;
  const kernel = c.attributes.ints('kernel_shape') ?? [];
  const strides = c.attributes.ints('strides') ?? kernel.map(() => 1);
  const pads = c.attributes.ints('pads') ?? [...kernel, ...kernel].map(() => 0);
  const before = [
    ...shape.slice(0, 2),
    ...kernel.map((size, i) => (shape[i + 2] - 1) * strides[i] + size - pads[i] - pads[i + kernel.length]),
  ];
  const after = c.optionalIntegers(2, 'output_shape') ?? before;
  if (kernel.length !== shape.length - 2 || after.length !== shape.length) throw c.fail('its shapes do not fit');
  const flat = (value: Value) => c.step({ kind: 'Reshape', shape: [1, elementCount(shape)] }, value);
  const filled = scattered(c, [1, elementCount(before)], flat(places), flat(x), false);
  const image = c.step({ kind: 'Reshape', shape: before }, filled);
  // A larger output keeps the values where they are and has zeros behind them.
  const pad = [...after.map(() => 0), ...after.map((size, i) => size - before[i])];
  return c.result({ kind: 'Pad', mode: 'constant', pads: pad }, [image]);
}

/** Before opset 20 the modes had names of two axes. */
function gridSample(c: NodeContext): readonly Value[] {
  const names = ['linear', 'bilinear', 'nearest', 'cubic', 'bicubic'] as const;
  const name = c.attributes.choice('mode', names, c.opset >= 20 ? 'linear' : 'bilinear');
  const mode = name === 'nearest' ? name : name.endsWith('cubic') ? 'cubic' : 'linear';
  const padding = c.attributes.choice('padding_mode', ['zeros', 'border', 'reflection'], 'zeros');
  const alignCorners = c.attributes.flag('align_corners', false);
  return c.result({ kind: 'GridSample', mode, padding, alignCorners }, c.inputs);
}

/** Before opset 16 coordinates were not moved by half an element. */
function roiAlign(c: NodeContext): readonly Value[] {
  const usual = c.opset >= 16 ? 'half_pixel' : 'output_half_pixel';
  const coordinates = c.attributes.choice('coordinate_transformation_mode', ['half_pixel', 'output_half_pixel'], usual);
  return c.result(
    {
      kind: 'RoiAlign',
      mode: c.attributes.choice('mode', ['avg', 'max'], 'avg'),
      halfPixel: coordinates === 'half_pixel',
      outHeight: c.attributes.int('output_height', 1),
      outWidth: c.attributes.int('output_width', 1),
      samplingRatio: c.attributes.int('sampling_ratio', 0),
      scale: c.attributes.float('spatial_scale', 1),
    },
    c.inputs,
  );
}

function deformConv(c: NodeContext): readonly Value[] {
  if (c.rank() !== 4 || c.rank(1) !== 4)
    throw c.unsupported('DeformConv is possible over two axes only', 'Reshape the image to [N, C, H, W].');
  const kernelShape = c.attributes.ints('kernel_shape') ?? c.shape(1).slice(2);
  const ones = kernelShape.map(() => 1);
  return c.result(
    {
      kind: 'DeformConv',
      kernelShape,
      strides: c.attributes.ints('strides') ?? ones,
      dilations: c.attributes.ints('dilations') ?? ones,
      pads: c.attributes.ints('pads') ?? [0, 0, 0, 0],
      group: c.attributes.int('group', 1),
      offsetGroup: c.attributes.int('offset_group', 1),
    },
    c.inputs,
  );
}

export const SAMPLING: ConverterTable = {
  AffineGrid: affineGrid,
  Col2Im: col2im,
  DeformConv: deformConv,
  GridSample: gridSample,
  MaxUnpool: maxUnpool,
  RoiAlign: roiAlign,
};
