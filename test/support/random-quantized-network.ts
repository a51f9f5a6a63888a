/**
 * Random networks as quantizers write them: integer or float inputs and outputs, DequantizeLinear before and QuantizeLinear behind every
 * float operator. All zero points, scales that clip everything or nothing, ties by powers of two, weights per tensor and per channel,
 * signed and unsigned. Runtimes fuse the patterns; what they compute is compared.
 *
 * Left out, because ONNX Runtime itself does not compute there what the operators say: a change of scale behind another
 * QuantizeLinear (it merges the two, and loses steps), and a Softmax whose scale is finer than 1 / (148 · length) (it overflows).
 */
import {
  allocate,
  elementCount,
  type Graph,
  inferTypes,
  isFloat,
  type Node,
  type Op,
  type Tensor,
  tensor,
  type ValueInfo,
} from '@tinypareto/evaluators';
import { createRng, type Rng } from '@tinypareto/optimizer';

type Byte = 'int8' | 'uint8';

/** A quantized activation: x = scale · (q − zero). */
interface Quantized {
  readonly q: string;
  readonly scale: string;
  readonly zero: string;
  readonly shape: readonly number[];
  readonly scaleValue: number;
}

const scalar = (value: number): Tensor => tensor('float32', [], Float32Array.of(value));

class NetworkWriter {
  readonly #rng: Rng;
  readonly dtype: Byte;
  /** Float inputs and outputs, as most quantizers leave them. */
  readonly floatBorder: boolean;
  readonly #nodes: Node[] = [];
  readonly #inputs: ValueInfo[] = [];
  readonly #constants = new Map<string, Tensor>();
  readonly #values = new Map<string, ValueInfo>();
  readonly #activated = new Set<string>();

  constructor(seed: number) {
    this.#rng = createRng(seed, 0, 'quantized-networks');
    this.dtype = this.pick<Byte>('int8', 'uint8');
    this.floatBorder = this.chance(0.5);
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.#rng.nextFloat() * (high - low + 1));
  }

  pick<T>(...list: readonly T[]): T {
    const value = list[this.integer(0, list.length - 1)];
    if (value === undefined) throw new Error('nothing to pick from');
    return value;
  }

  chance(share: number): boolean {
    return this.#rng.nextFloat() < share;
  }

  bytes(dtype: Byte, shape: readonly number[]): Tensor {
    const [low, high] = dtype === 'int8' ? [-128, 127] : [0, 255];
    const extremes = this.pick(0, 0, 0.2, 1);
    const draw = () => (this.chance(extremes) ? this.pick(low, high) : this.integer(low, high));
    const data = Array.from({ length: elementCount(shape) }, draw);
    return dtype === 'int8'
      ? tensor('int8', shape, Int8Array.from(data))
      : tensor('uint8', shape, Uint8Array.from(data));
  }

  constant(value: Tensor): string {
    const name = `constant${this.#constants.size}`;
    this.#constants.set(name, value);
    this.#values.set(name, { name, dtype: value.dtype, shape: value.shape });
    return name;
  }

  emit(op: Op, inputs: readonly string[]): string {
    const types = inferTypes(
      op,
      inputs.map((name) => (name === '' ? undefined : this.#values.get(name))),
    );
    const name = `value${this.#nodes.length}`;
    this.#values.set(name, { name, dtype: types[0].dtype, shape: types[0].shape });
    this.#nodes.push({ name: `node${this.#nodes.length}`, op, inputs, outputs: [name] });
    return name;
  }

  shapeOf(name: string): readonly number[] {
    return this.#values.get(name)?.shape ?? [];
  }

  #scale(magnitude: number): number {
    const value = magnitude * this.pick(0.01, 0.3, 1, 1, 1, 3, 100) * (0.7 + 0.6 * this.#rng.nextFloat());
    return Math.fround(this.chance(0.3) ? 2 ** Math.round(Math.log2(value)) : value);
  }

  input(shape: readonly number[]): Quantized {
    const name = `input${this.#inputs.length}`;
    const info: ValueInfo = { name, dtype: this.floatBorder ? 'float32' : this.dtype, shape };
    this.#inputs.push(info);
    this.#values.set(name, info);
    if (this.floatBorder) return this.quantize(name, 0.03);
    const scaleValue = this.#scale(0.03);
    return { q: name, shape, scaleValue, scale: this.constant(scalar(scaleValue)), zero: this.#zero() };
  }

  #zero(): string {
    return this.constant(this.bytes(this.dtype, []));
  }

  /** A change of scale can only follow an input that comes as integers. */
  isInput(x: Quantized): boolean {
    return this.#inputs.some(({ name }) => name === x.q);
  }

  dequantize(x: Quantized): string {
    return this.emit({ kind: 'DequantizeLinear', axis: 1, blockSize: 0 }, [x.q, x.scale, x.zero]);
  }

  /** `magnitude` = the scale that would use about the whole range. */
  quantize(x: string, magnitude: number, leastScale = 0): Quantized {
    const scaleValue = Math.fround(Math.max(this.#scale(magnitude), leastScale));
    // Behind an activation quantizers begin the range at zero; then runtimes drop the activation.
    const active = this.#activated.has(x) && this.chance(0.8);
    const least =
      this.dtype === 'int8' ? tensor('int8', [], Int8Array.of(-128)) : tensor('uint8', [], Uint8Array.of(0));
    const [scale, zero] = [this.constant(scalar(scaleValue)), active ? this.constant(least) : this.#zero()];
    const q = this.emit({ kind: 'QuantizeLinear', axis: 1, blockSize: 0, to: this.dtype }, [x, scale, zero]);
    return { q, scale, zero, scaleValue, shape: this.shapeOf(q) };
  }

  /** Dequantized weights and bias, and the scale that suits a sum of `length` products. */
  weights(
    x: Quantized,
    shape: readonly number[],
    axis: number,
    length: number,
  ): { readonly w: string; readonly bias: string; readonly magnitude: number } {
    const channels = shape[axis] ?? 1;
    const dtype = this.dtype === 'int8' ? 'int8' : this.pick<Byte>('int8', 'uint8');
    const perChannel = this.chance(0.5);
    const count = perChannel ? channels : 1;
    const base = this.#scale(0.01);
    const scales = Float32Array.from({ length: count }, () => base * (0.2 + 2 * this.#rng.nextFloat()));
    const zeros =
      dtype === 'uint8' && !perChannel
        ? this.bytes('uint8', [])
        : dtype === 'uint8'
          ? tensor('uint8', [count], new Uint8Array(count).fill(128))
          : tensor('int8', perChannel ? [count] : [], new Int8Array(count));
    const scale = this.constant(tensor('float32', perChannel ? [count] : [], scales));
    const q = this.constant(this.bytes(dtype, shape));
    const w = this.emit({ kind: 'DequantizeLinear', axis, blockSize: 0 }, [q, scale, this.constant(zeros)]);
    const magnitude = (x.scaleValue * base * Math.sqrt(length) * 74 * 74) / 60;
    if (this.chance(0.2)) return { w, bias: '', magnitude };
    const spread = this.pick(0, 500, 20000);
    const values = Int32Array.from({ length: channels }, () => this.integer(-spread, spread));
    const biasScales = scales.map((value) => Math.fround(x.scaleValue * value));
    const biasInputs = [
      this.constant(tensor('int32', [channels], values)),
      this.constant(tensor('float32', perChannel ? [count] : [], biasScales)),
    ];
    return { w, magnitude, bias: this.emit({ kind: 'DequantizeLinear', axis: 0, blockSize: 0 }, biasInputs) };
  }

  /** Sometimes a Relu or Clip between the operator and its QuantizeLinear. */
  activate(x: string, magnitude: number): string {
    const kind = this.integer(0, 5);
    if (kind > 2) return x;
    const [min, max] = [this.pick(0, 0, -10 * magnitude), magnitude * this.pick(this.integer(20, 90), 1e6)];
    const bounds = [scalar(Math.fround(min)), scalar(max)];
    const y =
      kind === 0
        ? this.emit({ kind: 'Clip' }, [x, ...bounds.map((bound) => this.constant(bound))])
        : this.emit({ kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, [x]);
    this.#activated.add(y);
    return y;
  }

  finish(output: string): Graph {
    return {
      name: 'random',
      inputs: this.#inputs,
      outputs: [output],
      nodes: this.#nodes,
      initializers: this.#constants,
      values: this.#values,
    };
  }
}

function convolution(net: NetworkWriter, x: Quantized): Quantized {
  const [, channels = 1, ...size] = x.shape;
  const depthwise = channels > 1 && net.chance(0.3);
  const group = depthwise ? channels : channels % 2 === 0 && net.chance(0.1) ? 2 : 1;
  const out = depthwise ? channels * net.pick(1, 1, 2) : group * net.integer(1, 9);
  const dilations = size.map((extent) => (extent >= 5 ? net.pick(1, 1, 2) : 1));
  const kernelShape = size.map((extent, axis) =>
    Math.min(net.pick(1, 2, 3), Math.ceil(extent / (dilations[axis] ?? 1))),
  );
  const pads = [...kernelShape, ...kernelShape].map((kernel) => net.integer(0, kernel - 1));
  const strides = size.map(() => net.pick(1, 1, 2));
  const inner = channels / group;
  const { w, bias, magnitude } = net.weights(x, [out, inner, ...kernelShape], 0, inner * elementCount(kernelShape));
  const inputs = [net.dequantize(x), w, ...(bias === '' ? [] : [bias])];
  const y = net.emit({ kind: 'Conv', group, kernelShape, strides, dilations, pads }, inputs);
  return net.quantize(net.activate(y, magnitude), magnitude);
}

function dense(net: NetworkWriter, x: Quantized): Quantized {
  const length = elementCount(x.shape) / (x.shape[0] ?? 1);
  const flat =
    x.shape.length === 2 ? net.dequantize(x) : net.emit({ kind: 'Reshape', shape: [1, length] }, [net.dequantize(x)]);
  const out = net.integer(1, 20);
  const transB = net.chance(0.7);
  const { w, bias, magnitude } = net.weights(x, transB ? [out, length] : [length, out], transB ? 0 : 1, length);
  const op: Op = { kind: 'Gemm', alpha: 1, beta: 1, transA: false, transB };
  const y = net.emit(op, [flat, w, ...(bias === '' ? [] : [bias])]);
  return net.quantize(net.activate(y, magnitude), magnitude);
}

function matMul(net: NetworkWriter, x: Quantized): Quantized {
  const length = x.shape.at(-1) ?? 1;
  const { w, magnitude } = net.weights(x, [length, net.integer(1, 12)], 1, length);
  return net.quantize(net.emit({ kind: 'MatMul' }, [net.dequantize(x), w]), magnitude);
}

/** Add or Mul with another input, or with the value itself. */
function binary(net: NetworkWriter, x: Quantized): Quantized {
  const fn = net.pick('Add', 'Mul');
  const shape = net.chance(0.8) ? x.shape : x.shape.map((size, axis) => (axis === 1 ? size : 1));
  const other = net.chance(0.2) ? x : net.input(shape);
  const pair = [net.dequantize(x), net.dequantize(other)];
  const magnitude = fn === 'Add' ? 2 * Math.max(x.scaleValue, other.scaleValue) : 150 * x.scaleValue * other.scaleValue;
  const y = net.emit({ kind: 'Binary', fn }, net.chance(0.5) ? pair : pair.toReversed());
  return net.quantize(fn === 'Add' ? net.activate(y, magnitude) : y, magnitude);
}

function concat(net: NetworkWriter, x: Quantized): Quantized {
  const others = Array.from({ length: net.integer(1, 2) }, () => net.input(x.shape));
  const axis = Math.min(1, x.shape.length - 1);
  const y = net.emit(
    { kind: 'Concat', axis },
    [x, ...others].map((each) => net.dequantize(each)),
  );
  return net.quantize(y, x.scaleValue);
}

function pool(net: NetworkWriter, x: Quantized): Quantized {
  const kernelShape = x.shape.slice(2).map((extent) => Math.min(extent, net.pick(2, 3)));
  const pads = [...kernelShape, ...kernelShape].map((kernel) => (kernel > 1 ? net.pick(0, 0, 1) : 0));
  const window = {
    kernelShape,
    strides: kernelShape.map(() => net.pick(1, 2)),
    dilations: kernelShape.map(() => 1),
    pads,
  };
  const float = net.dequantize(x);
  switch (net.integer(0, 3)) {
    case 0: {
      const op: Op = { kind: 'MaxPool', ceilMode: false, storageOrder: 0, ...window };
      const y = net.emit(op, [float]);
      const q = net.emit({ kind: 'QuantizeLinear', axis: 1, blockSize: 0, to: net.dtype }, [y, x.scale, x.zero]);
      return { ...x, q, shape: net.shapeOf(q) };
    }
    case 1: {
      const op: Op = { kind: 'AveragePool', ceilMode: false, countIncludePad: net.chance(0.5), ...window };
      return net.quantize(net.emit(op, [float]), x.scaleValue);
    }
    case 2:
      return net.quantize(
        net.emit({ kind: 'Reduce', fn: 'Mean', axes: [2, 3].slice(0, x.shape.length - 2), keepDims: true }, [float]),
        x.scaleValue * 0.6,
      );
    default:
      return net.quantize(net.emit({ kind: 'GlobalPool', fn: 'Average', p: 2 }, [float]), x.scaleValue * 0.6);
  }
}

function unary(net: NetworkWriter, x: Quantized): Quantized {
  const float = net.dequantize(x);
  switch (net.integer(0, 4)) {
    case 0:
      return net.quantize(net.emit({ kind: 'Unary', fn: 'Sigmoid', alpha: 0, beta: 0 }, [float]), 1 / 256);
    case 1:
      return net.quantize(
        net.emit({ kind: 'Unary', fn: 'LeakyRelu', alpha: Math.fround(0.1), beta: 0 }, [float]),
        x.scaleValue,
      );
    case 2: {
      const axis = x.shape.length - 1;
      const y = net.emit({ kind: 'Softmax', axis, log: false, flatten: false }, [float]);
      return net.quantize(y, 1 / 256, 1 / (140 * (x.shape[axis] ?? 1)));
    }
    case 3:
      return net.quantize(net.emit({ kind: 'Unary', fn: 'Relu', alpha: 0, beta: 0 }, [float]), x.scaleValue);
    default:
      return net.isInput(x) ? net.quantize(float, x.scaleValue) : x;
  }
}

/** One to four layers on an image, a sequence or a vector. The same seed gives the same network. */
export function randomQuantizedNetwork(seed: number): Graph {
  const net = new NetworkWriter(seed);
  const channels = net.pick(1, 2, 3, 4, 5, 8);
  const shape = net.pick(
    [1, channels, net.integer(3, 7), net.integer(3, 7)],
    [1, channels, net.integer(3, 7), net.integer(3, 7)],
    [1, channels, net.integer(4, 20)],
    [1, net.integer(1, 40)],
  );
  let x = net.input(shape);
  for (let layers = net.integer(1, 4); layers > 0; layers--) {
    const spatial = x.shape.length > 2;
    const layer = spatial
      ? net.pick(convolution, convolution, convolution, dense, binary, concat, pool, unary)
      : net.pick(dense, dense, matMul, binary, concat, unary);
    x = layer(net, x);
    if (elementCount(x.shape) > 1500) break;
  }
  return net.finish(net.floatBorder ? net.dequantize(x) : x.q);
}

/** The scale that the first QuantizeLinear gives to a float input. */
function inputScale(graph: Graph, name: string): number {
  const reader = graph.nodes.find(({ op, inputs }) => op.kind === 'QuantizeLinear' && inputs[0] === name);
  return Number(graph.initializers.get(reader?.inputs[1] ?? '')?.data[0] ?? 1);
}

/** Random inputs of all values, floats of all steps and all halves between them; every so often made of the extremes only. */
export function randomFeeds(graph: Graph, seed: number, count: number): ReadonlyMap<string, Tensor>[] {
  const rng = createRng(seed, 0, 'quantized-inputs');
  const scales = new Map(graph.inputs.map(({ name }) => [name, inputScale(graph, name)]));
  return Array.from({ length: count }, () => {
    const extremes = [0, 0, 0.2, 1][Math.floor(rng.nextFloat() * 4)] ?? 0;
    const below = (limit: number) => Math.floor(rng.nextFloat() * limit);
    const byte = () => (rng.nextFloat() < extremes ? below(2) * 255 : below(256));
    const step = () => (rng.nextFloat() < extremes ? below(3) * 500 - 500 : below(1200) / 2 - 300);
    return new Map(
      graph.inputs.map(({ name, dtype, shape }): [string, Tensor] => {
        const length = elementCount(shape);
        if (dtype === 'float32') {
          const scale = scales.get(name) ?? 1;
          return [
            name,
            tensor(
              'float32',
              shape,
              Float32Array.from({ length }, () => step() * scale),
            ),
          ];
        }
        const data = Uint8Array.from({ length }, byte);
        return [
          name,
          dtype === 'int8' ? tensor('int8', shape, new Int8Array(data.buffer)) : tensor('uint8', shape, data),
        ];
      }),
    );
  });
}

/** Inputs for any network: floats in [-2, 2), integers of all values of their bytes, indices and larger integers from 0 to 3. */
export function randomInputs(inputs: readonly ValueInfo[], seed: number): ReadonlyMap<string, Tensor> {
  const rng = createRng(seed, 0, 'network-inputs');
  return new Map(
    inputs.map(({ name, dtype, shape }): [string, Tensor] => {
      const data = allocate(dtype, elementCount(shape));
      const isByte = dtype === 'int8' || dtype === 'uint8';
      for (let i = 0; i < data.length; i++) {
        const draw = rng.nextFloat();
        const value = isFloat(dtype) ? 4 * draw - 2 : Math.floor(draw * (isByte ? 256 : dtype === 'bool' ? 2 : 4));
        data[i] = typeof data[i] === 'bigint' ? BigInt(value) : value;
      }
      return [name, { dtype, shape, data } as Tensor];
    }),
  );
}
