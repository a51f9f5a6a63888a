/** Transforms of signals and sampling of images obey their laws, in the interpreter and in C. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOnnx, interpret, lower, type Op, type Tensor, tensor } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { portBytes, portTensor } from '../../../evaluators/codegen/emit/port-data.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { buildHostBatch } from '../../support/host-batch.ts';
import {
  floatTensor,
  floatValue,
  int64Tensor,
  intAttribute,
  intsAttribute,
  makeModel,
  node,
} from '../../support/make-model.ts';
import { noise } from '../../support/random-graph.ts';
import { GraphWriter } from '../../support/unrolled-layers.ts';

const feed = (seed: number, ...shape: number[]): Tensor =>
  tensor(
    'float32',
    shape,
    noise(
      seed,
      shape.reduce((product, size) => product * size, 1),
    ),
  );

function assertNear(actual: Tensor | undefined, wanted: ArrayLike<number>, tolerance = 1e-5): void {
  assert.ok(actual !== undefined);
  assert.equal(actual.data.length, wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const [a, w] = [Number(actual.data[i]), wanted[i] ?? Number.NaN];
    assert.ok(Math.abs(a - w) <= tolerance * (1 + Math.abs(w)), `element ${i}: ${a}, not ${w}`);
  }
}

const numbers = ({ data }: Tensor): number[] => Array.from(data, Number);

test('DFT is the sum of waves, and its inverse gives the signal back', () => {
  const x = feed(1, 2, 6, 1);
  const model = makeModel(
    {
      node: [
        node('DFT', ['x'], ['spectrum'], [intAttribute('axis', 1)]),
        node('DFT', ['spectrum'], ['back'], [intAttribute('axis', 1), intAttribute('inverse', 1)]),
        node('DFT', ['x'], ['half'], [intAttribute('axis', 1), intAttribute('onesided', 1)]),
      ],
      input: [floatValue('x', [2, 6, 1])],
      output: [floatValue('spectrum', [2, 6, 2]), floatValue('back', [2, 6, 2]), floatValue('half', [2, 4, 2])],
    },
    { opset: 17 },
  );
  const results = interpret(importOnnx(model), new Map([['x', x]]));
  const samples = numbers(x);
  const spectrum = Array.from({ length: 24 }, (_, i) => {
    const [line, k] = [Math.floor(i / 12), Math.floor(i / 2) % 6];
    return samples.slice(6 * line, 6 * line + 6).reduce((sum, value, n) => {
      const angle = (-2 * Math.PI * k * n) / 6;
      return sum + value * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
    }, 0);
  });
  assertNear(results.get('spectrum'), spectrum);
  assertNear(
    results.get('half'),
    spectrum.filter((_, i) => Math.floor(i / 2) % 6 < 4),
  );
  assertNear(
    results.get('back'),
    samples.flatMap((value) => [value, 0]),
  );
});

test('STFT is the DFT of each windowed frame', () => {
  const x = feed(2, 1, 11, 1);
  const window = [0.25, 1, 0.5, 0.75];
  const model = makeModel({
    node: [node('STFT', ['x', 'step', 'window'], ['y'])],
    input: [floatValue('x', [1, 11, 1])],
    output: [floatValue('y', [1, 3, 3, 2])],
    initializer: [int64Tensor('step', [], [3]), floatTensor('window', [4], window)],
  });
  const samples = numbers(x);
  const wanted = [0, 1, 2].flatMap((frame) =>
    [0, 1, 2].flatMap((k) =>
      [Math.cos, Math.sin].map((part) =>
        window.reduce((sum, w, n) => sum + w * (samples[3 * frame + n] ?? 0) * part((-2 * Math.PI * k * n) / 4), 0),
      ),
    ),
  );
  assertNear(interpret(importOnnx(model), new Map([['x', x]])).get('y'), wanted);
});

test('Col2Im adds up what overlapping blocks hold of each place', () => {
  const model = makeModel({
    node: [node('Col2Im', ['x', 'image', 'block'], ['y'], [intsAttribute('pads', [1, 0, 0, 0])])],
    input: [floatValue('x', [1, 4, 9])],
    output: [floatValue('y', [1, 1, 3, 4])],
    initializer: [int64Tensor('image', [2], [3, 4]), int64Tensor('block', [2], [2, 2])],
  });
  const ones = tensor('float32', [1, 4, 9], new Float32Array(36).fill(1));
  const inBlocks = [2, 4, 4, 2, 2, 4, 4, 2, 1, 2, 2, 1];
  assertNear(interpret(importOnnx(model), new Map([['x', ones]])).get('y'), inBlocks);
});

test('an affine grid that moves nothing samples the image itself', () => {
  const model = makeModel(
    {
      node: [
        node('AffineGrid', ['theta', 'size'], ['grid'], [intAttribute('align_corners', 1)]),
        node('GridSample', ['x', 'grid'], ['y'], [intAttribute('align_corners', 1)]),
      ],
      input: [floatValue('x', [1, 2, 3, 5]), floatValue('theta', [1, 2, 3])],
      output: [floatValue('y', [1, 2, 3, 5])],
      initializer: [int64Tensor('size', [4], [1, 2, 3, 5])],
    },
    { opset: 20 },
  );
  const x = feed(3, 1, 2, 3, 5);
  const theta = tensor('float32', [1, 2, 3], Float32Array.of(1, 0, 0, 0, 1, 0));
  const feeds = new Map([
    ['x', x],
    ['theta', theta],
  ]);
  assertNear(interpret(importOnnx(model), feeds).get('y'), numbers(x));
});

const WINDOW = { kernelShape: [2, 3], strides: [1, 1], dilations: [1, 2], pads: [1, 0, 0, 1] };

test('taps that do not move make an ordinary convolution', () => {
  const g = new GraphWriter();
  const x = g.input('x', 1, 4, 5, 6);
  const w = g.weights(6, 2, 2, 3);
  const offsets = g.filled(0, 1, 24, 5, 3);
  const deformed = g.emit({ kind: 'DeformConv', ...WINDOW, group: 2, offsetGroup: 2 }, x, w, offsets);
  const plain = g.emit({ kind: 'Conv', ...WINDOW, group: 2 }, x, w);
  const results = interpret(g.finish([deformed, plain]), new Map([['x', feed(4, 1, 4, 5, 6)]]));
  assertNear(results.get(deformed), numbers(results.get(plain) ?? assert.fail()));
});

interface Sampled {
  readonly op: Op;
  readonly shapes: readonly (readonly number[])[];
  /** Of the last operand's noise, which lies in [−1, 1). */
  readonly stretch: number;
}

const GRIDS: readonly Sampled[] = (['nearest', 'linear', 'cubic'] as const).flatMap((mode) =>
  (['zeros', 'border', 'reflection'] as const).flatMap((padding) =>
    [true, false].map((alignCorners): Sampled => {
      const isVolume = mode === 'linear' && padding === 'border';
      const shapes = isVolume
        ? [
            [1, 2, 3, 4, 2],
            [1, 2, 2, 3, 3],
          ]
        : [
            [2, 2, 4, 5],
            [2, 3, 3, 2],
          ];
      return { op: { kind: 'GridSample', mode, padding, alignCorners }, shapes, stretch: 1.7 };
    }),
  ),
);

const DEFORMED: Sampled = {
  op: { kind: 'DeformConv', ...WINDOW, group: 1, offsetGroup: 2 },
  shapes: [
    [2, 4, 5, 6],
    [3, 4, 2, 3],
    [2, 24, 5, 3],
  ],
  stretch: 2.5,
};

function sampledNetwork({ op, shapes }: Sampled) {
  const g = new GraphWriter();
  const names = shapes.map((shape, i) => g.input(`x${i}`, ...shape));
  return g.finish([g.emit(op, ...names)]);
}

function regionsNetwork(mode: 'avg' | 'max', samplingRatio: number, halfPixel: boolean) {
  const g = new GraphWriter();
  const images = g.constant(tensor('int64', [2], BigInt64Array.of(1n, 0n)));
  const op: Op = { kind: 'RoiAlign', mode, halfPixel, outHeight: 2, outWidth: 3, samplingRatio, scale: 2.5 };
  return g.finish([g.emit(op, g.input('x0', 2, 3, 6, 7), g.input('x1', 2, 4), images)]);
}

test('the mean of regions of an even image is its number', () => {
  const x = tensor('float32', [2, 3, 6, 7], new Float32Array(252).fill(0.75));
  const regions = tensor('float32', [2, 4], Float32Array.of(0.2, 0.1, 1.9, 1.4, 0, 0, 0.5, 2));
  const feeds = new Map([
    ['x0', x],
    ['x1', regions],
  ]);
  const graph = regionsNetwork('avg', 0, true);
  assertNear(interpret(graph, feeds).get(graph.outputs[0] ?? ''), new Array<number>(36).fill(0.75));
});

test('samples between elements are the same in C', {
  skip: isMissing(hostToolchain()) ? 'no C compiler' : false,
}, async () => {
  const stretched = (seed: number, shape: readonly number[], by: number) =>
    tensor(
      'float32',
      shape,
      Float32Array.from(numbers(feed(seed, ...shape)), (value) => value * by),
    );
  const cases = [
    ...[...GRIDS, DEFORMED].map((each) => ({
      graph: sampledNetwork(each),
      operands: each.shapes.map((shape, i) => stretched(i + 5, shape, i === each.shapes.length - 1 ? each.stretch : 1)),
    })),
    ...(['avg', 'max'] as const).flatMap((mode) =>
      [0, 2].map((ratio) => ({
        graph: regionsNetwork(mode, ratio, ratio === 0),
        operands: [
          feed(8, 2, 3, 6, 7),
          tensor('float32', [2, 4], Float32Array.of(-1, 0.1, 1.9, 3.4, 0.3, 0.2, 0.5, 2)),
        ],
      })),
    ),
  ];
  const programs = cases.map(({ graph }, i) => lower(graph, board('host'), { prefix: `n${i}` }));
  const batch = await buildHostBatch(programs, temporaryCache());
  for (const [i, { graph, operands }] of cases.entries()) {
    const wanted = interpret(graph, new Map(operands.map((value, k) => [`x${k}`, value])));
    const [outputs = []] = await batch.run(i, [operands.map(portBytes)]);
    const [port] = programs[i]?.outputs ?? [];
    assert.ok(port !== undefined);
    assertNear(portTensor(port, outputs[0] ?? new Uint8Array()), numbers(wanted.get(port.name) ?? assert.fail()));
  }
});

test('SAME cuts nothing off where the kernel is smaller than its stride; a negative step begins inside', () => {
  const model = makeModel({
    node: [
      node(
        'ConvTranspose',
        ['x', 'w'],
        ['y'],
        [{ name: 'auto_pad', type: 3, s: new TextEncoder().encode('SAME_LOWER') }, intsAttribute('strides', [2])],
      ),
      node('Slice', ['x', 'start', 'end', 'axis', 'step'], ['z']),
    ],
    input: [floatValue('x', [1, 1, 4])],
    output: [floatValue('y', [1, 1, 7]), floatValue('z', [1, 1, 4])],
    initializer: [
      floatTensor('w', [1, 1, 1], [2]),
      int64Tensor('start', [1], [-4]),
      int64Tensor('end', [1], [-(2 ** 31)]),
      int64Tensor('axis', [1], [1]),
      int64Tensor('step', [1], [-2]),
    ],
  });
  const results = interpret(
    importOnnx(model),
    new Map([['x', tensor('float32', [1, 1, 4], Float32Array.of(1, 2, 3, 4))]]),
  );
  assertNear(results.get('y'), [2, 0, 4, 0, 6, 0, 8]);
  assertNear(results.get('z'), [1, 2, 3, 4]);
});
