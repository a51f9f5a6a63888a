/**
 * Follows units through a graph: which positions of which value axes and constant tensors belong to which removable unit, and
 * which units can only go together. One rule per kind of operator; an operator without a rule freezes what flows into it.
 *
 * Convolution, matrix product and recurrent layers make new units on their output and read the units of their input; depthwise
 * and grouped convolutions couple the two; sums join units position by position; concatenation and flatten rearrange them.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { propagateRecurrent } from './propagate-recurrent.ts';
import { Propagation } from './propagation.ts';
import { reshapeUnits } from './reshape-units.ts';
import type { AxisUnits } from './unit-space.ts';

/** The units of a whole graph. */
export function propagate(graph: Graph): Propagation {
  const p = new Propagation(graph);
  for (const node of graph.nodes) visit(p, node);
  for (const output of graph.outputs) p.freezeValue(output, 'it is an output of the network');
  return p;
}

function visit(p: Propagation, node: Node): void {
  const { op } = node;
  switch (op.kind) {
    case 'Conv':
      conv(p, node, op);
      break;
    case 'ConvTranspose':
      convTranspose(p, node, op);
      break;
    case 'Gemm':
      gemm(p, node, op);
      break;
    case 'MatMul':
      matMul(p, node);
      break;
    case 'Unary':
    case 'Clip':
    case 'Cast':
      p.set(node, p.unitsOf(node.inputs[0]));
      break;
    case 'BatchNormalization':
    case 'InstanceNormalization':
      normalization(p, node);
      break;
    case 'Binary':
    case 'Variadic':
    case 'Where':
      broadcast(p, node);
      break;
    case 'MaxPool':
    case 'AveragePool':
    case 'LpPool':
    case 'GlobalPool':
    case 'Resize':
    case 'Pad':
    case 'Tile':
    case 'Expand':
      keepEqualAxes(p, node);
      break;
    case 'Concat':
      concat(p, node, op);
      break;
    case 'Split':
      split(p, node, op);
      break;
    case 'Slice':
      slice(p, node, op);
      break;
    case 'Reshape':
      reshape(p, node);
      break;
    case 'Transpose':
      p.set(
        node,
        op.perm.map((axis) => p.unitsOf(node.inputs[0])[axis]),
      );
      break;
    case 'Reduce':
      reduce(p, node, op);
      break;
    case 'Softmax':
      softmax(p, node, op);
      break;
    case 'Gather':
      gather(p, node, op);
      break;
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      propagateRecurrent(p, node, op);
      break;
    default:
      for (const input of node.inputs) p.freezeValue(input, `${op.kind} "${node.name}" reads it`);
  }
}

function conv(p: Propagation, node: Node, op: OpOf<'Conv'>): void {
  const [x, w, bias] = node.inputs;
  const input = p.unitsOf(x)[1] ?? null;
  const outputs = p.shape(w)[0];
  const channels = p.shape(x)[1];
  const units = p.makeUnits(node, outputs);
  p.addMember(node, w, 0, units, 'output');
  p.addMember(node, bias, 0, units, 'vector');
  if (op.group === 1) {
    p.addMember(node, w, 1, input, 'input');
  } else if (op.group === channels) {
    const each = outputs / channels;
    p.joinAxes(input === null ? null : Int32Array.from(units, (_, m) => input[Math.floor(m / each)]), units);
  } else {
    groupedConv(p, node, op.group, units, input);
  }
  p.set(node, [null, units, ...op.kernelShape.map(() => null)]);
}

/** The same index goes in every group, so that all groups keep one size. */
function groupedConv(p: Propagation, node: Node, groups: number, units: Int32Array, input: AxisUnits): void {
  const perGroup = units.length / groups;
  for (let m = perGroup; m < units.length; m++) p.space.join(units[m % perGroup], units[m]);
  if (input === null) return;
  const inputs = input.length / groups;
  for (let c = inputs; c < input.length; c++) p.space.join(input[c % inputs], input[c]);
  p.addMember(node, node.inputs[1], 1, input.slice(0, inputs), 'input');
}

function convTranspose(p: Propagation, node: Node, op: OpOf<'ConvTranspose'>): void {
  const [x, w, bias] = node.inputs;
  const input = p.unitsOf(x)[1] ?? null;
  if (op.group !== 1) {
    p.freeze(input, `grouped ConvTranspose "${node.name}" reads it`);
    return;
  }
  const units = p.makeUnits(node, p.shape(w)[1]);
  p.addMember(node, w, 1, units, 'output');
  p.addMember(node, bias, 0, units, 'vector');
  p.addMember(node, w, 0, input, 'input');
  p.set(node, [null, units, ...op.kernelShape.map(() => null)]);
}

function gemm(p: Propagation, node: Node, op: OpOf<'Gemm'>): void {
  const [a, b, c] = node.inputs;
  const inner = p.unitsOf(a)[op.transA ? 0 : 1] ?? null;
  p.freeze(p.unitsOf(a)[op.transA ? 1 : 0] ?? null, `rows of "${node.name}"`);
  p.addMember(node, b, op.transB ? 1 : 0, inner, 'input');
  const units = p.makeUnits(node, p.shape(b)[op.transB ? 0 : 1]);
  p.addMember(node, b, op.transB ? 0 : 1, units, 'output');
  if ((c ?? '') !== '' && p.shape(c).at(-1) === units.length) {
    p.addMember(node, c, p.shape(c).length - 1, units, 'vector');
  } else if ((c ?? '') !== '' && !p.isConstant(c)) {
    p.freeze(units, `"${node.name}" adds a computed value`);
  }
  p.set(node, [null, units]);
}

function matMul(p: Propagation, node: Node): void {
  const [a, b] = node.inputs;
  if (!p.isConstant(b) || p.shape(b).length !== 2) {
    p.freezeValue(a, `MatMul "${node.name}" of two computed values reads it`);
    p.freezeValue(b, `MatMul "${node.name}" of two computed values reads it`);
    return;
  }
  const input = p.unitsOf(a);
  p.addMember(node, b, 0, input.at(-1) ?? null, 'input');
  const units = p.makeUnits(node, p.shape(b)[1]);
  p.addMember(node, b, 1, units, 'output');
  p.set(node, [...input.slice(0, -1), units]);
}

function normalization(p: Propagation, node: Node): void {
  const units = p.unitsOf(node.inputs[0]);
  for (const name of node.inputs.slice(1)) p.addMember(node, name, 0, units[1] ?? null, 'vector');
  p.set(node, units);
}

function broadcast(p: Propagation, node: Node): void {
  const shape = p.shape(node.outputs[0]);
  const joined: AxisUnits[] = shape.map(() => null);
  const seen = shape.map(() => false);
  for (const name of node.inputs) {
    if (name === '' || p.isConstant(name)) continue;
    const own = p.shape(name);
    const units = p.unitsOf(name);
    own.forEach((size, i) => {
      const axis = shape.length - own.length + i;
      if (size === 1 && shape[axis] !== 1) {
        p.freeze(units[i], `"${node.name}" broadcasts it`);
        return;
      }
      joined[axis] = seen[axis] ? p.joinAxes(joined[axis], units[i]) : units[i];
      seen[axis] = true;
    });
  }
  for (const name of node.inputs) {
    if (!p.isConstant(name)) continue;
    const own = p.shape(name);
    own.forEach((size, i) => {
      if (size > 1) p.addMember(node, name, i, joined[shape.length - own.length + i], 'vector');
    });
  }
  p.set(node, joined);
}

function keepEqualAxes(p: Propagation, node: Node): void {
  const from = p.shape(node.inputs[0]);
  const to = p.shape(node.outputs[0]);
  const offset = to.length - from.length;
  const units = p.unitsOf(node.inputs[0]);
  p.set(
    node,
    to.map((size, axis) => {
      const own = units[axis - offset] ?? null;
      if (size === from[axis - offset]) return own;
      p.freeze(own, `${node.op.kind} "${node.name}" resizes it`);
      return null;
    }),
  );
}

function concat(p: Propagation, node: Node, op: OpOf<'Concat'>): void {
  const parts = node.inputs.map((name) => p.unitsOf(name));
  const first = parts[0];
  p.set(
    node,
    first.map((_, axis) => {
      const units = parts.map((part) => part[axis]);
      if (axis !== op.axis) return units.reduce((a, b) => p.joinAxes(a, b));
      if (units.every((each) => each === null)) return null;
      return Int32Array.from(units.flatMap((each, i) => [...(each ?? fixed(p, p.shape(node.inputs[i])[axis], node))]));
    }),
  );
}

/** Units that stay: the positions of an axis that cannot shrink, beside others that can. */
function fixed(p: Propagation, count: number, node: Node): Int32Array {
  const units = p.space.create(count);
  p.freeze(units, `"${node.name}" concatenates a value that cannot shrink`);
  return units;
}

function split(p: Propagation, node: Node, op: OpOf<'Split'>): void {
  const units = p.unitsOf(node.inputs[0]);
  let start = 0;
  node.outputs.forEach((output, i) => {
    const end = start + op.sizes[i];
    if (output !== '') {
      p.values.set(
        output,
        units.map((own, axis) => (axis === op.axis && own !== null ? own.slice(start, end) : own)),
      );
    }
    start = end;
  });
}

function slice(p: Propagation, node: Node, op: OpOf<'Slice'>): void {
  const shape = p.shape(node.inputs[0]);
  p.set(
    node,
    p.unitsOf(node.inputs[0]).map((own, axis) => {
      if (own === null) return null;
      const [start, step, size] = [op.starts[axis], op.steps[axis], op.sizes[axis]];
      if (step === 1) return size === shape[axis] ? own : own.slice(start, start + size);
      p.freeze(own, `Slice "${node.name}" steps through it`);
      return null;
    }),
  );
}

function reshape(p: Propagation, node: Node): void {
  const units = reshapeUnits(p.unitsOf(node.inputs[0]), p.shape(node.inputs[0]), p.shape(node.outputs[0]), (lost) =>
    p.freeze(lost, `Reshape "${node.name}" splits it`),
  );
  p.set(node, units);
}

function reduce(p: Propagation, node: Node, op: OpOf<'Reduce'>): void {
  const units = p.unitsOf(node.inputs[0]);
  for (const axis of op.axes) p.freeze(units[axis], `Reduce${op.fn} "${node.name}" mixes it`);
  p.set(
    node,
    units.flatMap((own, axis) => (op.axes.includes(axis) ? (op.keepDims ? [null] : []) : [own])),
  );
}

function softmax(p: Propagation, node: Node, op: OpOf<'Softmax'>): void {
  const units = p.unitsOf(node.inputs[0]);
  units.forEach((own, axis) => {
    if (axis === op.axis || (op.flatten && axis > op.axis)) p.freeze(own, `Softmax "${node.name}" mixes it`);
  });
  p.set(node, units);
}

function gather(p: Propagation, node: Node, op: OpOf<'Gather'>): void {
  const units = p.unitsOf(node.inputs[0]);
  p.freeze(units[op.axis], `Gather "${node.name}" selects from it`);
  const picked = p.shape(node.inputs[1]).map(() => null);
  p.set(node, [...units.slice(0, op.axis), ...picked, ...units.slice(op.axis + 1)]);
}
