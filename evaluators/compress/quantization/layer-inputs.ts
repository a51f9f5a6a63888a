/**
 * What a convolution or matrix product multiplies its weights with, collected from calibration samples: rows of K numbers in the order
 * of one output's weights, and their mean.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import type { OpOf } from '../../ir/op.ts';
import { createStream, type Stream } from '../../train/rng.ts';
import { valueInfo } from '../graph-edit.ts';
import { type SampleSource, visitValues } from './float-inference.ts';

export interface LayerInputs {
  readonly groups: number;
  /** Weights per output. */
  readonly depth: number;
  /** By group: rows [rows, depth], row-major. */
  readonly rows: readonly Float32Array[];
}

/** Positions of the output that are looked at per sample. */
const POSITIONS_PER_SAMPLE = 16;

function convRow(
  op: OpOf<'Conv'>,
  x: Float32Array,
  at: number,
  shape: readonly number[],
  group: number,
  position: readonly number[],
  out: Float32Array,
): void {
  const rank = op.kernelShape.length;
  const spatial = shape.slice(2);
  const plane = spatial.reduce((a, b) => a * b, 1);
  const perGroup = shape[1] / op.group;
  const taps = op.kernelShape.reduce((a, b) => a * b, 1);
  for (let c = 0; c < perGroup; c++) {
    for (let t = 0; t < taps; t++) {
      let [rest, index, inside] = [t, 0, true];
      let stride = 1;
      for (let axis = rank - 1; axis >= 0; axis--) {
        const k = rest % op.kernelShape[axis];
        rest = Math.floor(rest / op.kernelShape[axis]);
        const i = position[axis] * op.strides[axis] + k * op.dilations[axis] - op.pads[axis];
        if (i < 0 || i >= spatial[axis]) inside = false;
        index += i * stride;
        stride *= spatial[axis];
      }
      out[c * taps + t] = inside ? x[at + (group * perGroup + c) * plane + index] : 0;
    }
  }
}

function randomPosition(stream: Stream, shape: readonly number[]): number[] {
  return shape.map((size) => stream.nextInt(size));
}

/** Rows for each of `nodes` (Conv, Gemm without transA, MatMul by a constant matrix), by node name. */
export function layerInputs(
  graph: Graph,
  nodes: readonly Node[],
  samples: SampleSource,
  seed: number,
): Map<string, LayerInputs> {
  const collected = new Map<string, { groups: number; depth: number; rows: number[][] }>();
  for (const node of nodes) {
    const shape = graph.initializers.get(node.inputs[1])?.shape ?? [];
    const groups = node.op.kind === 'Conv' ? node.op.group : 1;
    const depth =
      node.op.kind === 'Conv'
        ? shape.slice(1).reduce((a, b) => a * b, 1)
        : (valueInfo(graph, node.inputs[0]).shape.at(-1) ?? 1);
    collected.set(node.name, { groups, depth, rows: Array.from({ length: groups }, () => []) });
  }
  const stream = createStream(seed, 'layer inputs');
  visitValues(graph, samples, [...new Set(nodes.map((node) => node.inputs[0]))], (values, count) => {
    for (const node of nodes) {
      const x = values.get(node.inputs[0]);
      const entry = collected.get(node.name);
      if (x === undefined || entry === undefined) continue;
      const width = x.length / count;
      for (let i = 0; i < count; i++) sampleRows(graph, node, x, i * width, width, entry, stream);
    }
  });
  return new Map(
    [...collected].map(([name, { groups, depth, rows }]) => [
      name,
      { groups, depth, rows: rows.map((row) => Float32Array.from(row)) },
    ]),
  );
}

function sampleRows(
  graph: Graph,
  node: Node,
  x: Float32Array,
  at: number,
  width: number,
  entry: { readonly groups: number; readonly depth: number; readonly rows: number[][] },
  stream: Stream,
): void {
  const { op } = node;
  const row = new Float32Array(entry.depth);
  if (op.kind !== 'Conv') {
    for (let first = 0; first < width; first += entry.depth) {
      for (let k = 0; k < entry.depth; k++) entry.rows[0].push(x[at + first + k]);
    }
    return;
  }
  const shape = valueInfo(graph, node.inputs[0]).shape;
  const output = valueInfo(graph, node.outputs[0]).shape.slice(2);
  for (let n = 0; n < POSITIONS_PER_SAMPLE; n++) {
    const position = randomPosition(stream, output);
    for (let group = 0; group < entry.groups; group++) {
      convRow(op, x, at, shape, group, position, row);
      for (const value of row) entry.rows[group].push(value);
    }
  }
}
