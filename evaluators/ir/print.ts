/** The textual form of a graph: stable, one node a line, for dumps, goldens and messages. Names are escaped: no line break can slip in. */
import type { Graph, Node, ValueInfo } from './graph.ts';
import type { Op } from './op.ts';
import type { Tensor } from './tensor.ts';

const PLAIN_NAME = /^[A-Za-z0-9_./:-]+$/;

/** A value or node name as it appears in text: plain ones bare, all others as a JSON string. */
export function printName(name: string): string {
  if (name === '') return '_';
  return PLAIN_NAME.test(name) && name !== '_'
    ? `%${name}`
    : `%${JSON.stringify(name).replace(/[\u007f-\uffff]/g, escapeUnit)}`;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function printType(info: Pick<ValueInfo, 'dtype' | 'shape'> | undefined): string {
  return info === undefined ? '?' : `${info.dtype}[${info.shape.join(',')}]`;
}

function printNumber(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printNumber).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .map(([key, part]) => `${key}: ${printNumber(part)}`)
      .join(', ')}}`;
  }
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Kind and attributes of an operator, for example `Conv {group: 1, …}`. */
export function printOp(op: Op): string {
  const attributes = Object.entries(op).filter(([key, value]) => key !== 'kind' && value !== undefined);
  if (attributes.length === 0) return op.kind;
  return `${op.kind} {${attributes.map(([key, value]) => `${key}: ${printNumber(value)}`).join(', ')}}`;
}

function printInitializer(name: string, tensor: Tensor): string {
  const shown = Array.from({ length: Math.min(tensor.data.length, 4) }, (_, i) => String(tensor.data[i]));
  const more = tensor.data.length > shown.length ? ', …' : '';
  return `  ${printName(name)}: ${printType(tensor)} = {${shown.join(', ')}${more}}`;
}

function printNode(node: Node, graph: Graph): string {
  const outputs = node.outputs.map((name) => `${printName(name)}: ${printType(graph.values.get(name))}`);
  return `  ${outputs.join(', ')} = ${printOp(node.op)} (${node.inputs.map(printName).join(', ')})  # ${printName(node.name)}`;
}

/** The whole graph as text. */
export function printGraph(graph: Graph): string {
  const lines = [
    `graph ${printName(graph.name)}`,
    'inputs',
    ...graph.inputs.map((input) => `  ${printName(input.name)}: ${printType(input)}`),
    'initializers',
    ...[...graph.initializers].map(([name, tensor]) => printInitializer(name, tensor)),
    'nodes',
    ...graph.nodes.map((node) => printNode(node, graph)),
    'outputs',
    ...graph.outputs.map((name) => `  ${printName(name)}: ${printType(graph.values.get(name))}`),
  ];
  return `${lines.join('\n')}\n`;
}
