/** ONNX files made in tests, node by node. */
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  type FunctionProtoSchema,
  type GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from '../../evaluators/onnx/generated/onnx_pb.js';

type Attribute = MessageInitShape<typeof AttributeProtoSchema>;
export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
export type GraphInit = MessageInitShape<typeof GraphProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;

const FLOAT = 1;
const INT64 = 7;
const BOOL = 9;

export function node(opType: string, input: string[], output: string[], attribute: Attribute[] = []): NodeInit {
  return { opType, input, output, attribute, name: `${opType}:${output[0]}` };
}

export const intAttribute = (name: string, value: number): Attribute => ({ name, type: Kind.INT, i: BigInt(value) });
export const intsAttribute = (name: string, values: readonly number[]): Attribute => ({
  name,
  type: Kind.INTS,
  ints: values.map(BigInt),
});
export const floatAttribute = (name: string, f: number): Attribute => ({ name, type: Kind.FLOAT, f });
export const graphAttribute = (name: string, g: GraphInit): Attribute => ({ name, type: Kind.GRAPH, g });
export const referenceAttribute = (name: string, refAttrName: string, type: Kind): Attribute => ({
  name,
  type,
  refAttrName,
});

export function floatTensor(name: string, dims: readonly number[], values: readonly number[]): TensorInit {
  return { name, dims: dims.map(BigInt), dataType: FLOAT, floatData: [...values] };
}

export function int64Tensor(name: string, dims: readonly number[], values: readonly number[]): TensorInit {
  return { name, dims: dims.map(BigInt), dataType: INT64, int64Data: values.map(BigInt) };
}

export function boolTensor(name: string, value: boolean): TensorInit {
  return { name, dims: [], dataType: BOOL, int32Data: [value ? 1 : 0] };
}

/** A float32 value; a text is a symbolic dimension. */
export function floatValue(
  name: string,
  shape: readonly (number | string)[],
  elemType = FLOAT,
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((size) => ({
    value:
      typeof size === 'number'
        ? { case: 'dimValue' as const, value: BigInt(size) }
        : { case: 'dimParam' as const, value: size },
  }));
  return { name, type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } } };
}

export interface ModelParts {
  readonly opset?: number;
  readonly functions?: MessageInitShape<typeof FunctionProtoSchema>[];
  readonly domains?: readonly string[];
}

export function makeModel(graph: GraphInit, { opset = 18, functions = [], domains = [] }: ModelParts = {}): Uint8Array {
  const opsetImport = ['', ...domains].map((domain) => ({ domain, version: BigInt(domain === '' ? opset : 1) }));
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 8n, opsetImport, functions, graph: { name: 'test', ...graph } }),
  );
}
