/** Model-local functions: a call is replaced by the function's nodes. */
import { clone } from '@bufbuild/protobuf';
import { normalizeDomain } from './converters/registry.ts';
import { opsetVersions } from './decode-model.ts';
import {
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type NodeProto,
  NodeProtoSchema,
} from './generated/onnx_pb.js';
import type { Value } from './graph-builder.ts';
import { ProblemFound } from './import-error.ts';
import type { ImportState } from './import-state.ts';
import type { Binding, Scope } from './scope.ts';

/** What identifies a function, or the function that a node calls. */
export function functionKey({ domain, opType, overload }: Pick<NodeProto, 'domain' | 'opType' | 'overload'>): string {
  return JSON.stringify([normalizeDomain(domain), opType, overload]);
}

/** A function's attributes: those of the call, else the function's defaults. */
function actualAttributes(node: NodeProto, definition: FunctionProto): Map<string, AttributeProto> {
  const actual = new Map(definition.attributeProto.map((attribute) => [attribute.name, attribute]));
  for (const attribute of node.attribute) actual.set(attribute.name, attribute);
  return actual;
}

/** The node with references to the function's attributes replaced by what was given; absent optional ones are left out. */
function substitute(node: NodeProto, actual: ReadonlyMap<string, AttributeProto>): NodeProto {
  const result = clone(NodeProtoSchema, node);
  result.attribute = result.attribute.flatMap((own) => {
    if (own.refAttrName !== '') {
      const given = actual.get(own.refAttrName);
      if (given === undefined) return [];
      const copy = clone(AttributeProtoSchema, given);
      copy.name = own.name;
      return [copy];
    }
    if (own.g !== undefined) own.g.node = own.g.node.map((inner) => substitute(inner, actual));
    return [own];
  });
  return result;
}

/** The results of calling `definition` with `inputs`. */
export function inlineFunction(
  state: ImportState,
  node: NodeProto,
  definition: FunctionProto,
  inputs: readonly (Value | undefined)[],
  scope: Scope,
  label: string,
): Binding[] {
  const inner = scope.isolated(label);
  if (inputs.length > definition.input.length)
    throw new ProblemFound(
      'BAD_NODE',
      `the function takes ${definition.input.length} inputs`,
      'Export the model again.',
    );
  // An absent optional input is an empty name inside the function.
  const absent = new Set(definition.input.filter((_, i) => inputs[i] === undefined));
  definition.input.forEach((name, i) => {
    const value = inputs[i];
    if (value !== undefined) inner.bind(name, value);
  });
  const actual = actualAttributes(node, definition);
  const body = definition.node.map((own) => {
    const replaced = substitute(own, actual);
    replaced.input = replaced.input.map((name) => (absent.has(name) ? '' : name));
    return replaced;
  });
  state.importNodes(state, body, inner, opsetVersions(definition.opsetImport, state.problems));
  return definition.output.map((name) => {
    const value = inner.find(name);
    if (value === undefined)
      throw new ProblemFound(
        'BAD_GRAPH',
        `the function does not produce its output ${JSON.stringify(name)}`,
        'Export the model again.',
      );
    return value;
  });
}
