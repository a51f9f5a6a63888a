/**
 * Walks the nodes of a graph and translates them one by one. A node that cannot be translated is recorded and its outputs are
 * poisoned, so that the walk goes on and every problem of the model is found at once.
 */
import { printName } from '../ir/print.ts';
import { inlineIf, isControlFlow, unrollLoop } from './control-flow.ts';
import { converterFor, normalizeDomain, supportedOperators } from './converters/registry.ts';
import type { NodeProto } from './generated/onnx_pb.js';
import type { Value } from './graph-builder.ts';
import { OnnxImportError, ProblemFound } from './import-error.ts';
import { type ImportState, type Opsets, report } from './import-state.ts';
import { functionKey, inlineFunction } from './inline-function.ts';
import { NodeContext } from './node-context.ts';
import { orderNodes } from './node-order.ts';
import { unrollScan } from './scan.ts';
import { type Binding, POISONED, type Scope } from './scope.ts';
import { unsupportedHint } from './unsupported-hints.ts';

/** Translates `nodes` into the builder; their results are bound in `scope`. */
export function importNodes(state: ImportState, nodes: readonly NodeProto[], scope: Scope, opsets: Opsets): void {
  let ordered = nodes;
  try {
    ordered = orderNodes(nodes, state.builder.limits.nesting - scope.depth);
  } catch (error) {
    report(state, 'graph', error);
  }
  for (const node of ordered) importNode(state, node, scope, opsets);
}

function importNode(state: ImportState, node: NodeProto, scope: Scope, opsets: Opsets): void {
  const label = node.name || node.output.find((name) => name !== '') || node.opType;
  const where = `node ${printName(scope.prefix + label)} (${node.opType.slice(0, 80).replace(/[^\w.]/g, '?')})`;
  let results: readonly Binding[] = [];
  state.builder.countNode();
  try {
    const inputs = resolveInputs(node, scope);
    const poisoned = inputs.includes(POISONED);
    const usable = inputs.map((input) => (input === POISONED ? undefined : input));
    if (poisoned) requireKnown(state, node, opsets);
    else results = translate(state, node, usable, scope, opsets, label);
  } catch (error) {
    if (error instanceof OnnxImportError) throw error;
    report(state, where, error);
  }
  node.output.forEach((name, i) => {
    if (name === '') return;
    if (scope.has(name))
      report(
        state,
        where,
        new ProblemFound(
          'BAD_GRAPH',
          `its output ${printName(name)} has a name that is used already`,
          'Export the model again.',
        ),
      );
    scope.bind(name, results[i] ?? POISONED);
  });
}

function resolveInputs(node: NodeProto, scope: Scope): (Binding | undefined)[] {
  return node.input.map((name) => {
    if (name === '') return undefined;
    const value = scope.find(name);
    if (value === undefined)
      throw new ProblemFound(
        'BAD_GRAPH',
        `it reads ${printName(name)}, which nothing produces`,
        'Export the model again.',
      );
    return value;
  });
}

/** Throws when the node's operator can never be translated. */
function requireKnown(state: ImportState, node: NodeProto, opsets: Opsets): void {
  const domain = normalizeDomain(node.domain);
  const opset = opsets.get(domain);
  if (state.functions.has(functionKey(node)) || isControlFlow(domain, node.opType)) return;
  if (opset === undefined) {
    throw new ProblemFound(
      'UNSUPPORTED_OPSET',
      `the model does not import the operator set ${JSON.stringify(node.domain)}`,
      'Export the model again.',
    );
  }
  if (converterFor(domain, node.opType) === undefined) throw unsupported(domain, node.opType);
}

function unsupported(domain: string, opType: string): ProblemFound {
  const shown = JSON.stringify((domain === '' ? opType : `${domain}:${opType}`).slice(0, 120));
  return new ProblemFound(
    'UNSUPPORTED_OPERATOR',
    `operator ${shown} is not supported`,
    unsupportedHint(domain, opType, supportedOperators('')),
  );
}

function translate(
  state: ImportState,
  node: NodeProto,
  inputs: readonly (Value | undefined)[],
  scope: Scope,
  opsets: Opsets,
  label: string,
): readonly Binding[] {
  if (scope.depth >= state.builder.limits.nesting) {
    throw new ProblemFound(
      'TOO_LARGE',
      `subgraphs and functions are nested more than ${state.builder.limits.nesting} deep`,
      'Flatten the model.',
    );
  }
  const definition = state.functions.get(functionKey(node));
  if (definition !== undefined) return inlineFunction(state, node, definition, inputs, scope, label);
  requireKnown(state, node, opsets);
  const domain = normalizeDomain(node.domain);
  if (isControlFlow(domain, node.opType)) {
    const unfold = node.opType === 'If' ? inlineIf : node.opType === 'Loop' ? unrollLoop : unrollScan;
    return unfold(state, node, inputs, scope, opsets, label);
  }
  const converter = converterFor(domain, node.opType);
  if (converter === undefined) throw unsupported(domain, node.opType);
  const { builder } = state;
  const outputs = node.output.map((name) =>
    name === '' || scope.depth === 0 ? name : builder.freshValueName(scope.prefix + name),
  );
  const nodeName = scope.prefix + (node.name || outputs.find((name) => name !== '') || node.opType);
  const context = new NodeContext(node, { builder, opset: opsets.get(domain) ?? 0, inputs, outputs, nodeName });
  const results = converter(context);
  const unread = context.attributes.unread();
  if (unread.length > 0) {
    throw new ProblemFound(
      'BAD_ATTRIBUTE',
      `unknown attribute ${unread.map((name) => printName(name)).join(', ')}`,
      'Is the operator set version right? Export the model again.',
    );
  }
  return results;
}
