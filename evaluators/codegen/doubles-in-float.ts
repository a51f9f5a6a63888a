/**
 * float64 in a program: operators that add, compare, reduce, multiply matrices or only move elements have kernels in double; the others
 * compute in float32, between conversions. Constant operands of those are converted when compiling.
 */
import type { Graph, Node } from '../ir/graph.ts';
import type { BinaryFunction, OpKind, ReduceFunction, UnaryFunction } from '../ir/op.ts';
import { tensor } from '../ir/tensor.ts';
import { GraphEditor } from '../passes/graph-editor.ts';

const MOVING: ReadonlySet<OpKind> = new Set<OpKind>([
  'Concat',
  'DepthToSpace',
  'Expand',
  'Gather',
  'GatherElements',
  'GatherND',
  'Pad',
  'Reshape',
  'Slice',
  'SpaceToDepth',
  'Split',
  'Tile',
  'Transpose',
  'Trilu',
  'Where',
]);
const COMPUTING: ReadonlySet<OpKind> = new Set<OpKind>(['Cast', 'Clip', 'CumSum', 'MatMul', 'Variadic']);
const FLOAT_BINARY: ReadonlySet<BinaryFunction> = new Set<BinaryFunction>(['Pow', 'PRelu']);
const DOUBLE_UNARY: ReadonlySet<UnaryFunction> = new Set<UnaryFunction>(['Abs', 'Neg', 'Relu', 'Sign']);
const FLOAT_REDUCE: ReadonlySet<ReduceFunction> = new Set<ReduceFunction>(['L2', 'LogSum', 'LogSumExp']);

function computesInDouble({ op, inputs }: Node): boolean {
  switch (op.kind) {
    case 'Binary':
      return !FLOAT_BINARY.has(op.fn);
    case 'Unary':
      return DOUBLE_UNARY.has(op.fn);
    case 'Reduce':
      return !FLOAT_REDUCE.has(op.fn);
    case 'Gemm':
      return op.beta === 1 || (inputs[2] ?? '') === '';
    case 'ScatterElements':
    case 'ScatterND':
      return op.reduction === 'none';
    default:
      return MOVING.has(op.kind) || COMPUTING.has(op.kind);
  }
}

/** The graph with conversions around every operator that has no kernel in double. */
export function doublesInFloat(graph: Graph): Graph {
  const isDouble = (name: string) => name !== '' && graph.values.get(name)?.dtype === 'float64';
  const isConstantDouble = (name: string) => graph.initializers.get(name)?.dtype === 'float64';
  const concerned = graph.nodes.filter(
    (node) =>
      !computesInDouble(node) &&
      [...node.inputs, ...node.outputs].some((name) => isDouble(name) || isConstantDouble(name)),
  );
  if (concerned.length === 0) return graph;
  const editor = new GraphEditor(graph);
  for (const node of concerned) {
    const before: Node[] = [];
    const after: Node[] = [];
    const converted = new Map<string, string>();
    const inputs = node.inputs.map((name) => {
      const constant = graph.initializers.get(name);
      if (constant?.dtype === 'float64') {
        const data = Float32Array.from(constant.data, Number);
        return editor.addConstant(`${name}_f32`, tensor('float32', constant.shape, data));
      }
      if (!isDouble(name)) return name;
      const known = converted.get(name);
      if (known !== undefined) return known;
      const single = editor.freshValueName(`${name}_f32`);
      converted.set(name, single);
      before.push(conversion(editor, single, 'float32', name, before.length));
      return single;
    });
    const outputs = node.outputs.map((name) => {
      if (!isDouble(name)) return name;
      const single = editor.freshValueName(`${name}_f32`);
      after.push(conversion(editor, name, 'float64', single, after.length));
      return single;
    });
    editor.replace(node, ...before, { ...node, inputs, outputs }, ...after);
  }
  return editor.finish();
}

function conversion(
  editor: GraphEditor,
  output: string,
  to: 'float32' | 'float64',
  input: string,
  index: number,
): Node {
  const name = editor.freshNodeName(`to_${to}_${index}_${output}`);
  return { name, op: { kind: 'Cast', to, saturate: true }, inputs: [input], outputs: [output] };
}
