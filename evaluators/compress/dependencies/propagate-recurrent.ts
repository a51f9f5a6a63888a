/**
 * Units of LSTM, GRU and RNN: one unit = one hidden unit, which owns a row in every gate's block of W, R, B and P and a column
 * of R. Both directions keep the same units, because ONNX has one hidden size for both.
 */
import type { Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import type { Propagation } from './propagation.ts';

const GATES = { LSTM: 4, GRU: 3, RNN: 1 } as const;

/** `count` consecutive copies of the units: the layout of gate blocks. */
function blocks(units: Int32Array, count: number): Int32Array {
  return Int32Array.from({ length: units.length * count }, (_, i) => units[i % units.length]);
}

export function propagateRecurrent(p: Propagation, node: Node, op: OpOf<'LSTM'> | OpOf<'GRU'> | OpOf<'RNN'>): void {
  const gates = GATES[op.kind];
  const [x, w, r, bias, lengths, initialH, initialC, peepholes] = node.inputs;
  const units = p.makeUnits(node, op.hiddenSize);
  const input = p.unitsOf(x);
  p.freeze(input[0] ?? null, `steps of "${node.name}"`);
  p.addMember(node, w, 1, blocks(units, gates), 'output');
  p.addMember(node, w, 2, input[2] ?? null, 'input');
  p.addMember(node, r, 1, blocks(units, gates), 'output');
  p.addMember(node, r, 2, units, 'input');
  p.addMember(node, bias, 1, blocks(units, 2 * gates), 'vector');
  for (const state of [initialH, initialC]) {
    if (state === undefined || state === '') continue;
    if (p.isConstant(state)) p.addMember(node, state, 2, units, 'vector');
    else p.joinAxes(units, p.unitsOf(state)[2] ?? null);
  }
  p.addMember(node, peepholes, 1, blocks(units, 3), 'vector');
  if (lengths !== undefined && lengths !== '') p.freezeValue(lengths, `"${node.name}" reads it`);
  const outputs = [
    [null, null, null, units],
    [null, null, units],
    [null, null, units],
  ];
  node.outputs.forEach((output, i) => {
    if (output !== '') p.values.set(output, outputs[i]);
  });
}
