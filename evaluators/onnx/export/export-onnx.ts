/**
 * Graph -> ONNX file. Attributes that ONNX takes as inputs become initializers; a folded activation becomes a Relu or Clip node
 * again. Operators without a standard form go to com.microsoft, which ONNX Runtime understands.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import type { DType } from '../../ir/dtype.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import type { FusedClamp, OpOf, UnaryFunction } from '../../ir/op.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { tensorOf } from '../../ops/elements.ts';
import { numberOfDtype } from '../element-types.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from '../generated/onnx_pb.js';
import { encodeTensor } from './encode-tensor.ts';
import type { AttributeValue } from './node-spec.ts';
import { specOf } from './operator-specs.ts';

const LEAST_OPSET = 18;
/** Functions that com.microsoft has an integer operator for. */
const MICROSOFT_UNARY: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>(['LeakyRelu', 'Sigmoid']);

function encodeAttribute(name: string, attribute: AttributeValue): AttributeProto {
  const bytes = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
  switch (attribute.type) {
    case 'int':
      return create(AttributeProtoSchema, { name, type: Kind.INT, i: BigInt(attribute.value) });
    case 'float':
      return create(AttributeProtoSchema, { name, type: Kind.FLOAT, f: attribute.value });
    case 'string':
      return create(AttributeProtoSchema, { name, type: Kind.STRING, s: bytes(attribute.value) });
    case 'ints':
      return create(AttributeProtoSchema, { name, type: Kind.INTS, ints: attribute.value.map(BigInt) });
    case 'floats':
      return create(AttributeProtoSchema, { name, type: Kind.FLOATS, floats: [...attribute.value] });
    case 'strings':
      return create(AttributeProtoSchema, { name, type: Kind.STRINGS, strings: attribute.value.map(bytes) });
  }
}

function encodeValueInfo(name: string, dtype: DType, shape: readonly number[]): ValueInfoProto {
  const dim = shape.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } }));
  const type = create(TypeProtoSchema, {
    value: { case: 'tensorType', value: { elemType: numberOfDtype(dtype), shape: { dim } } },
  });
  return create(ValueInfoProtoSchema, { name, type });
}

/** Collects what the nodes of one graph become. */
class Writer {
  readonly nodes: NodeProto[] = [];
  readonly initializers: TensorProto[] = [];
  readonly #graph: Graph;
  readonly #taken: Set<string>;
  opset = LEAST_OPSET;
  usesMicrosoft = false;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#taken = new Set(graph.values.keys());
    for (const [name, tensor] of graph.initializers) this.initializers.push(encodeTensor(name, tensor));
    for (const { dtype } of graph.values.values())
      if (dtype === 'int4' || dtype === 'uint4' || dtype === 'int16' || dtype === 'uint16') this.opset = 21;
  }

  #fresh(base: string): string {
    let name = base;
    for (let count = 1; this.#taken.has(name); count++) name = `${base}_${count}`;
    this.#taken.add(name);
    return name;
  }

  #constant(base: string, tensor: Tensor): string {
    const name = this.#fresh(base);
    this.initializers.push(encodeTensor(name, tensor));
    return name;
  }

  write(node: Node): void {
    const { op } = node;
    if (op.kind === 'QLinearUnary' && !MICROSOFT_UNARY.has(op.fn)) {
      for (const part of this.#asFloat(node, op)) this.write(part);
      return;
    }
    if (op.kind === 'Lookup') {
      for (const part of this.#asGather(node)) this.write(part);
      return;
    }
    const spec = specOf(op, this.#graph.values.get(node.inputs[0] ?? ''));
    this.opset = Math.max(this.opset, spec.opset ?? LEAST_OPSET, this.#typeOpset(node));
    if (spec.domain !== undefined) this.usesMicrosoft = true;
    const input = this.#inputs(node, spec.constants);
    const clamp = 'clamp' in node.op ? node.op.clamp : undefined;
    const [first, ...others] = node.outputs;
    const output = clamp === undefined ? node.outputs : [this.#fresh(`${first}/unclamped`), ...others];
    const attribute = Object.entries(spec.attributes ?? {}).map(([name, value]) => encodeAttribute(name, value));
    const base = { name: node.name, opType: spec.opType, domain: spec.domain ?? '' };
    this.nodes.push(create(NodeProtoSchema, { ...base, input, output: [...output], attribute }));
    if (clamp !== undefined) this.#writeClamp(node, output[0], clamp);
  }

  /** A function without an integer operator: by definition the float function between dequantization and quantization. */
  #asFloat(node: Node, { fn, alpha, beta }: OpOf<'QLinearUnary'>): Node[] {
    const [x, xScale, xZero = '', yScale, yZero = ''] = node.inputs;
    const [y] = node.outputs;
    const [wide, result] = ['dequantized', 'float'].map((role) => this.#fresh(`${y}/${role}`));
    const to = this.#graph.values.get(y)?.dtype ?? 'uint8';
    return [
      {
        name: `${node.name}/dequantize`,
        op: { kind: 'DequantizeLinear', axis: 0, blockSize: 0 },
        inputs: xZero === '' ? [x, xScale] : [x, xScale, xZero],
        outputs: [wide],
      },
      { name: node.name, op: { kind: 'Unary', fn, alpha, beta }, inputs: [wide], outputs: [result] },
      {
        name: `${node.name}/quantize`,
        op: { kind: 'QuantizeLinear', axis: 0, blockSize: 0, to },
        inputs: yZero === '' ? [result, yScale] : [result, yScale, yZero],
        outputs: [y],
      },
    ];
  }

  /** Indices of Gather count from the end where they are negative: the order of the table. */
  #asGather({ name, inputs: [x, table], outputs }: Node): Node[] {
    const index = this.#fresh(`${outputs[0]}/index`);
    return [
      { name: `${name}/index`, op: { kind: 'Cast', to: 'int32', saturate: true }, inputs: [x], outputs: [index] },
      { name, op: { kind: 'Gather', axis: 0 }, inputs: [table, index], outputs },
    ];
  }

  /** Element types that operators take only since a newer operator set. */
  #typeOpset({ op, inputs }: Node): number {
    const dtypes = inputs.map((name) => this.#graph.values.get(name)?.dtype);
    const quantized = op.kind.startsWith('QLinear') || op.kind === 'QuantizeLinear' || op.kind === 'DequantizeLinear';
    if (quantized && dtypes.includes('float16')) return 21;
    return op.kind === 'Reduce' && dtypes.includes('bool') ? 20 : LEAST_OPSET;
  }

  /** The operator's inputs; constant ones of ONNX push those behind them back, or fill gaps. */
  #inputs(node: Node, constants: ReadonlyMap<number, Tensor> | undefined): string[] {
    const names = [...node.inputs];
    for (const [position, tensor] of constants ?? []) {
      while (names.length < position) names.push('');
      names.splice(position, 0, this.#constant(`${node.name}/input${position}`, tensor));
    }
    return names;
  }

  #writeClamp(node: Node, from: string, { min, max }: FusedClamp): void {
    const [to] = node.outputs;
    const dtype = this.#graph.values.get(to)?.dtype ?? 'float32';
    const name = `${node.name}/clamp`;
    if (min === 0 && max === Number.POSITIVE_INFINITY && dtype === 'float32') {
      this.nodes.push(create(NodeProtoSchema, { name, opType: 'Relu', input: [from], output: [to] }));
      return;
    }
    const bound = (role: string, value: number): string =>
      Number.isFinite(value)
        ? this.#constant(`${name}/${role}`, tensorOf({ dtype, shape: [] }, Float64Array.of(value)))
        : '';
    this.nodes.push(
      create(NodeProtoSchema, {
        name,
        opType: 'Clip',
        input: [from, bound('min', min), bound('max', max)],
        output: [to],
      }),
    );
  }
}

/** The graph as the bytes of an .onnx file. */
export function exportOnnx(graph: Graph): Uint8Array {
  const writer = new Writer(graph);
  for (const node of graph.nodes) writer.write(node);
  const describe = (name: string): ValueInfoProto => {
    const info = graph.values.get(name);
    if (info === undefined) throw new Error(`value ${JSON.stringify(name)} has no type`);
    return encodeValueInfo(name, info.dtype, info.shape);
  };
  const opsetImport = [create(OperatorSetIdProtoSchema, { domain: '', version: BigInt(writer.opset) })];
  if (writer.usesMicrosoft)
    opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'com.microsoft', version: 1n }));
  const model = create(ModelProtoSchema, {
    irVersion: writer.opset >= 21 ? 10n : 8n,
    producerName: 'tinypareto',
    opsetImport,
    graph: create(GraphProtoSchema, {
      name: graph.name === '' ? 'graph' : graph.name,
      node: writer.nodes,
      initializer: writer.initializers,
      input: graph.inputs.map(({ name }) => describe(name)),
      output: graph.outputs.map(describe),
    }),
  });
  return toBinary(ModelProtoSchema, model);
}
