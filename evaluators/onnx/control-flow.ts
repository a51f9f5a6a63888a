/** If with a known condition is replaced by its branch, Loop with a known trip count by its iterations; nothing of them is left at run time. */
import type { Tensor } from '../ir/tensor.ts';
import { numbersOf } from '../ops/elements.ts';
import { normalizeAxis } from '../ops/operator.ts';
import type { GraphProto, NodeProto } from './generated/onnx_pb.js';
import type { Value } from './graph-builder.ts';
import { ProblemFound } from './import-error.ts';
import { importInitializers } from './import-initializers.ts';
import type { ImportState, Opsets } from './import-state.ts';
import { type Binding, POISONED, type Scope } from './scope.ts';

export function isControlFlow(domain: string, opType: string): boolean {
  return domain === '' && (opType === 'If' || opType === 'Loop' || opType === 'Scan');
}

function bodyOf(node: NodeProto, attribute: string): GraphProto {
  const graph = node.attribute.find(({ name }) => name === attribute)?.g;
  if (graph === undefined)
    throw new ProblemFound('BAD_ATTRIBUTE', `attribute ${attribute} is missing`, 'Export the model again.');
  return graph;
}

/** Imports a subgraph with its inputs bound to `inputs`; its outputs. */
export function importBody(
  state: ImportState,
  graph: GraphProto,
  inputs: readonly Binding[],
  scope: Scope,
  opsets: Opsets,
): Binding[] {
  graph.input.forEach(({ name }, i) => {
    scope.bind(name, inputs[i] ?? POISONED);
  });
  importInitializers(state, graph, scope);
  state.importNodes(state, graph.node, scope, opsets);
  return graph.output.map(({ name }) => {
    const value = scope.find(name);
    if (value === undefined)
      throw new ProblemFound(
        'BAD_GRAPH',
        `the subgraph does not produce ${JSON.stringify(name)}`,
        'Export the model again.',
      );
    return value;
  });
}

function known(value: Value | undefined, role: string, state: ImportState): number {
  if (value?.constant !== undefined) return numbersOf(value.constant)[0];
  const inputs = value === undefined ? [] : state.builder.inputsBehind(value.name);
  const hint =
    inputs.length === 0
      ? 'Make it a constant.'
      : `Give the graph inputs ${inputs.map((name) => JSON.stringify(name)).join(', ')} a fixed value.`;
  throw new ProblemFound(
    'NOT_CONSTANT',
    `the ${role} must be known when the model is compiled, so that it can be unrolled`,
    hint,
    inputs,
  );
}

/** If: the branch that is taken, imported in place. */
export function inlineIf(
  state: ImportState,
  node: NodeProto,
  inputs: readonly (Value | undefined)[],
  scope: Scope,
  opsets: Opsets,
  label: string,
): readonly Binding[] {
  const taken = known(inputs[0], 'condition', state) !== 0 ? 'then_branch' : 'else_branch';
  return importBody(state, bodyOf(node, taken), [], scope.nested(label), opsets);
}

function scalarTensor(dtype: 'int64' | 'bool', value: number): Tensor {
  return dtype === 'int64'
    ? ({ dtype, shape: [], data: BigInt64Array.of(BigInt(value)) } satisfies Tensor<'int64'>)
    : ({ dtype, shape: [], data: Uint8Array.of(value) } satisfies Tensor<'bool'>);
}

/** Body inputs: iteration, condition, carried values. Body outputs: condition, carried values, scan outputs (stacked on a new axis 0). */
export function unrollLoop(
  state: ImportState,
  node: NodeProto,
  inputs: readonly (Value | undefined)[],
  scope: Scope,
  opsets: Opsets,
  label: string,
): readonly Binding[] {
  const body = bodyOf(node, 'body');
  const { builder } = state;
  const trips = inputs[0] === undefined ? Number.POSITIVE_INFINITY : known(inputs[0], 'trip count', state);
  let going = inputs[1] === undefined || known(inputs[1], 'condition', state) !== 0;
  let carried: readonly Binding[] = inputs.slice(2).map((value) => value ?? POISONED);
  const scans: Binding[][] = [];
  for (let trip = 0; trip < trips && going; trip++) {
    if (trip >= builder.limits.nodes)
      throw new ProblemFound('TOO_LARGE', 'the loop never ends', 'Give it a trip count.');
    const inner = scope.nested(`${label}[${trip}]`);
    const iteration = builder.addConstant(
      builder.freshValueName(`${inner.prefix}iteration`),
      scalarTensor('int64', trip),
    );
    const condition = builder.addConstant(builder.freshValueName(`${inner.prefix}condition`), scalarTensor('bool', 1));
    const [next, ...rest] = importBody(state, body, [iteration, condition, ...carried], inner, opsets);
    if (next === POISONED) return rest.map(() => POISONED);
    going = known(next, 'condition', state) !== 0;
    const before = carried.length;
    carried = rest.slice(0, before);
    rest.slice(before).forEach((value, i) => {
      scans[i] = [...(scans[i] ?? []), value];
    });
  }
  return [...carried, ...scans.map((parts, i) => stack(state, parts, `${scope.prefix}${label}/scan${i}`, 0))];
}

/** The values of all iterations along a new axis. */
export function stack(state: ImportState, parts: readonly Binding[], name: string, axis: number): Binding {
  const { builder } = state;
  const rows: Value[] = [];
  let at = axis;
  for (const part of parts) {
    if (part === POISONED) return POISONED;
    at = normalizeAxis(axis, part.type.shape.length + 1);
    const row = builder.freshValueName(`${name}/row`);
    rows.push(...builder.emit(row, { kind: 'Reshape', shape: part.type.shape.toSpliced(at, 0, 1) }, [part], [row]));
  }
  return builder.emit(name, { kind: 'Concat', axis: at }, rows, [builder.freshValueName(name)])[0];
}
