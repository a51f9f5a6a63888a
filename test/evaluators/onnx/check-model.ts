/**
 * What onnx.checker and the operator definitions demand of a quantized model, for the operators that quantization writes: names in order
 * and unique, element types and operator-set versions of QuantizeLinear and DequantizeLinear, shapes of scales, sizes of raw data.
 */
import assert from 'node:assert/strict';
import type { GraphProto, ModelProto, NodeProto, TensorProto } from '../../../evaluators/onnx/generated/onnx_pb.js';

/** TensorProto.DataType */
const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const UINT16 = 4;
const INT16 = 5;
const INT32 = 6;
const FLOAT16 = 10;
const UINT4 = 21;
const INT4 = 22;
const BITS: Readonly<Record<number, number>> = {
  1: 32,
  2: 8,
  3: 8,
  4: 16,
  5: 16,
  6: 32,
  7: 64,
  9: 8,
  10: 16,
  11: 64,
  21: 4,
  22: 4,
};
/** Element types that came with operator set 21. */
const NEW_TYPES = new Set([UINT16, INT16, UINT4, INT4]);
/** Least IR version for operator sets, from the release table. */
const IR_OF_OPSET: readonly (readonly [opset: number, ir: number])[] = [
  [21, 10],
  [20, 9],
  [15, 8],
];

interface Context {
  readonly opset: number;
  readonly constants: ReadonlyMap<string, TensorProto>;
  readonly types: ReadonlyMap<string, number>;
}

export function checkModel(model: ModelProto): void {
  const { graph } = model;
  assert.ok(graph !== undefined);
  const domains = new Map(model.opsetImport.map(({ domain, version }) => [domain, Number(version)]));
  const opset = domains.get('') ?? 0;
  const least = IR_OF_OPSET.find(([version]) => opset >= version)?.[1] ?? 3;
  assert.ok(Number(model.irVersion) >= least, `IR version ${model.irVersion} for operator set ${opset}`);
  for (const { domain } of graph.node) assert.ok(domains.has(domain), `operator set of domain "${domain}"`);
  const context: Context = {
    opset,
    constants: new Map(graph.initializer.map((tensor) => [tensor.name, tensor])),
    types: elementTypes(graph),
  };
  for (const tensor of graph.initializer) checkTensor(tensor, opset);
  checkNames(graph);
  for (const node of graph.node) checkNode(node, context);
}

function elementTypes(graph: GraphProto): Map<string, number> {
  const types = new Map(graph.initializer.map(({ name, dataType }) => [name, dataType]));
  for (const { name, type } of [...graph.input, ...graph.valueInfo, ...graph.output]) {
    if (type?.value.case === 'tensorType') types.set(name, type.value.value.elemType);
  }
  for (const node of graph.node) {
    const [scale, zero] = node.opType === 'QuantizeLinear' ? node.input.slice(1) : [];
    if (scale !== undefined) types.set(node.output[0] ?? '', types.get(zero ?? '') ?? UINT8);
    if (node.opType === 'DequantizeLinear') types.set(node.output[0] ?? '', types.get(node.input[1] ?? '') ?? FLOAT);
  }
  return types;
}

function elements({ dims }: TensorProto): number {
  return dims.reduce((product, size) => product * Number(size), 1);
}

function checkTensor(tensor: TensorProto, opset: number): void {
  const { name, dataType, rawData } = tensor;
  const count = elements(tensor);
  const bits = BITS[dataType];
  assert.ok(bits !== undefined, `element type ${dataType} of ${name}`);
  assert.equal(rawData.length, Math.ceil((count * bits) / 8), `bytes of ${name}`);
  if (dataType === INT4 || dataType === UINT4) assert.ok(opset >= 21, `4-bit ${name} needs operator set 21`);
}

/** Every name is written once, before it is read; outputs exist. */
function checkNames(graph: GraphProto): void {
  const known = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  assert.equal(
    known.size,
    graph.input.length + graph.initializer.length,
    'inputs and initializers have names of their own',
  );
  const nodes = new Set<string>();
  for (const node of graph.node) {
    if (node.name !== '') assert.ok(!nodes.has(node.name), `two nodes are named ${node.name}`);
    nodes.add(node.name);
    for (const name of node.input) assert.ok(name === '' || known.has(name), `${node.name} reads ${name} too early`);
    for (const name of node.output) {
      assert.ok(!known.has(name), `${name} is written twice`);
      if (name !== '') known.add(name);
    }
  }
  for (const { name } of graph.output) assert.ok(known.has(name), `output ${name} is never written`);
}

function attribute(node: NodeProto, name: string): number | undefined {
  const found = node.attribute.find((each) => each.name === name);
  return found === undefined ? undefined : Number(found.i);
}

function checkNode(node: NodeProto, context: Context): void {
  if (node.opType === 'QuantizeLinear' || node.opType === 'DequantizeLinear') checkConversion(node, context);
  if (node.opType === 'QLinearConv') checkQLinearConv(node, context);
}

function checkConversion(node: NodeProto, { opset, constants, types }: Context): void {
  const [x = '', scale = '', zero = ''] = node.input;
  const quantizes = node.opType === 'QuantizeLinear';
  const integer = quantizes ? (types.get(zero) ?? UINT8) : types.get(x);
  const allowed = quantizes
    ? [UINT8, INT8, UINT16, INT16, UINT4, INT4]
    : [UINT8, INT8, UINT16, INT16, UINT4, INT4, INT32];
  // Types of values between operators are not written; a conversion of such a value is checked where its constants say enough.
  if (integer === undefined) return;
  assert.ok(allowed.includes(integer), `${node.name} has element type ${integer}`);
  if (NEW_TYPES.has(integer)) assert.ok(opset >= 21, `${node.name} needs operator set 21`);
  const scaleTensor = constants.get(scale);
  const zeroTensor = constants.get(zero);
  assert.ok(scaleTensor?.dataType === FLOAT || scaleTensor?.dataType === FLOAT16, `${node.name}: type of the scale`);
  if (zeroTensor !== undefined) {
    assert.equal(zeroTensor.dataType, integer, `${node.name}: the zero point has the type of the integers`);
    const alike = elements(zeroTensor) === 1 && elements(scaleTensor) === 1;
    if (!alike)
      assert.deepEqual(zeroTensor.dims, scaleTensor.dims, `${node.name}: scale and zero point have one shape`);
    if (integer === INT32)
      assert.ok(
        zeroTensor.rawData.every((byte) => byte === 0),
        `${node.name}: int32 has no zero point`,
      );
  }
  if (attribute(node, 'block_size') !== undefined) assert.ok(opset >= 21, `${node.name}: blocks need operator set 21`);
  const [count, ...others] = scaleTensor.dims;
  if (count === undefined || elements(scaleTensor) === 1) return;
  assert.equal(others.length, 0, `${node.name}: scales per axis are a vector`);
  const shape = constants.get(x)?.dims;
  if (shape === undefined) return;
  const axis = attribute(node, 'axis') ?? 1;
  assert.ok(axis >= -shape.length && axis < shape.length, `${node.name}: axis ${axis} of ${shape.length}`);
  assert.equal(shape.at(axis), count, `${node.name}: a scale for each index of the axis`);
}

/** Standard QLinearConv: 8-bit weights, int32 bias, scalar activation scales, weight scales per output. */
function checkQLinearConv(node: NodeProto, { constants, types }: Context): void {
  const [, xScale = '', , w = '', wScale = '', wZero = '', yScale = '', , bias = ''] = node.input;
  assert.ok(types.get(w) === INT8 || types.get(w) === UINT8, `${node.name}: weights of 8 bits`);
  assert.equal(constants.get(wZero)?.dataType, types.get(w), `${node.name}: zero point of the weights`);
  for (const name of [xScale, yScale])
    assert.ok((constants.get(name)?.dims.length ?? 0) <= 1, `${node.name}: one scale for activations`);
  const scales = constants.get(wScale)?.dims ?? [];
  assert.ok(
    scales.length === 0 || scales[0] === 1n || scales[0] === constants.get(w)?.dims[0],
    `${node.name}: weight scales`,
  );
  if (bias !== '') assert.equal(constants.get(bias)?.dataType, INT32, `${node.name}: bias`);
}
