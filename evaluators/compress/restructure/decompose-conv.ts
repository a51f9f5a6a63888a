/**
 * A convolution as a chain of cheaper ones, from a low-rank approximation of its weights W [M, C, K]:
 *
 *   svd      kernel C → r, then 1×1 r → M                                  (Zhang et al., TPAMI 2016)
 *   tucker2  1×1 C → r, kernel r → r, 1×1 r → M                            (Kim et al., ICLR 2016)
 *   cp       1×1 C → r, one depthwise kernel per axis, 1×1 r → M           (Lebedev et al., ICLR 2015)
 */
import type { Graph, Node } from '../../ir/graph.ts';
import type { Window } from '../../ir/op.ts';
import { canonicalPolyadic } from './canonical-polyadic.ts';
import { factorize, transpose } from './low-rank-factors.ts';
import {
  biasOf,
  cannot,
  type PlainConv,
  plainConv,
  pointWindow,
  type Replacement,
  ReplacementBuilder,
} from './replacement.ts';
import { tucker2 } from './tucker2.ts';

export type ConvDecomposition = 'svd' | 'tucker2' | 'cp';

/** Without a `method`: tucker2, or svd for a 1×1 kernel. */
export function decomposeConv(
  graph: Graph,
  node: Node,
  rank: number,
  method: ConvDecomposition | undefined,
  taken: Set<string>,
): Replacement {
  const conv = plainConv(graph, node, 'a low-rank decomposition');
  const builder = new ReplacementBuilder(node, taken);
  switch (conv.kernel === 1 ? 'svd' : (method ?? 'tucker2')) {
    case 'svd':
      return bySvd(node, conv, rank, builder);
    case 'tucker2':
      return byTucker(node, conv, rank, builder);
    case 'cp':
      return byCp(node, conv, rank, builder);
  }
}

function pointConv(conv: PlainConv) {
  return { kind: 'Conv', group: 1, ...pointWindow(conv.op.kernelShape.length) } as const;
}

function pointShape(conv: PlainConv, outputs: number, inputs: number): number[] {
  return [outputs, inputs, ...conv.op.kernelShape.map(() => 1)];
}

function bySvd(node: Node, conv: PlainConv, rank: number, builder: ReplacementBuilder): Replacement {
  const { op, outputs, inputs, kernel, weights, clamp } = conv;
  const most = Math.min(outputs, inputs * kernel);
  if (rank >= most) throw cannot(node, `has rank ${most} at most; a decomposition to ${rank} saves nothing`);
  const { left, right } = factorize(weights, outputs, inputs * kernel, rank);
  const { clamp: _fused, ...plain } = op;
  const first = builder.constant('reduce', [rank, inputs, ...op.kernelShape], right);
  const between = builder.inner('reduce', plain, [node.inputs[0], first]);
  const second = builder.constant('expand', pointShape(conv, outputs, rank), left);
  return builder.finish({ ...pointConv(conv), ...clamp }, [between, second, ...biasOf(node)]);
}

/** A side that has no more channels than `rank` stays as it is. */
function byTucker(node: Node, conv: PlainConv, rank: number, builder: ReplacementBuilder): Replacement {
  const { op, outputs, inputs, kernel, weights, clamp } = conv;
  const [r0, r1] = [Math.min(rank, outputs), Math.min(rank, inputs)];
  if (r0 === outputs && r1 === inputs) throw cannot(node, `has no more than ${rank} channels on either side`);
  const { core, outputBasis, inputBasis } = tucker2(weights, [outputs, inputs, kernel], [r0, r1]);
  let source = node.inputs[0];
  if (r1 < inputs) {
    const first = builder.constant('reduce', pointShape(conv, r1, inputs), inputBasis);
    source = builder.inner('reduce', pointConv(conv), [source, first]);
  }
  const middle = builder.constant('core', [r0, r1, ...op.kernelShape], core);
  if (r0 === outputs) return builder.finish(op, [source, middle, ...biasOf(node)]);
  const { clamp: _fused, ...plain } = op;
  const between = builder.inner('core', plain, [source, middle]);
  const last = builder.constant('expand', pointShape(conv, outputs, r0), transpose(outputBasis, r0, outputs));
  return builder.finish({ ...pointConv(conv), ...clamp }, [between, last, ...biasOf(node)]);
}

/** The window of one spatial axis. */
function axisWindow(op: Window, axis: number): Window {
  const axes = op.kernelShape.length;
  const only = (values: readonly number[], otherwise: number): number[] =>
    values.map((value, i) => (i % axes === axis ? value : otherwise));
  return {
    kernelShape: only(op.kernelShape, 1),
    strides: only(op.strides, 1),
    dilations: only(op.dilations, 1),
    pads: only(op.pads, 0),
  };
}

function byCp(node: Node, conv: PlainConv, rank: number, builder: ReplacementBuilder): Replacement {
  const { op, outputs, inputs, kernel, weights, clamp } = conv;
  const [r0, r1] = [Math.min(rank, outputs), Math.min(rank, inputs)];
  // The factors of W lie in the leading subspaces of its two channel modes: the small core is decomposed in its place.
  const { core, outputBasis, inputBasis } = tucker2(weights, [outputs, inputs, kernel], [r0, r1]);
  const [forOutputs, forInputs, ...spatial] = canonicalPolyadic(core, [r0, r1, ...op.kernelShape], rank);
  const first = new Float64Array(rank * inputs);
  const last = new Float64Array(outputs * rank);
  for (let r = 0; r < rank; r++) {
    for (let k = 0; k < r1; k++) {
      for (let c = 0; c < inputs; c++) first[r * inputs + c] += forInputs[k * rank + r] * inputBasis[k * inputs + c];
    }
    for (let k = 0; k < r0; k++) {
      for (let m = 0; m < outputs; m++) last[m * rank + r] += forOutputs[k * rank + r] * outputBasis[k * outputs + m];
    }
  }
  const reduce = builder.constant('reduce', pointShape(conv, rank, inputs), first);
  let source = builder.inner('reduce', pointConv(conv), [node.inputs[0], reduce]);
  for (const [axis, factor] of spatial.entries()) {
    const length = op.kernelShape[axis];
    if (length === 1 && op.strides[axis] === 1 && axisWindow(op, axis).pads.every((pad) => pad === 0)) {
      scaleRows(last, factor, outputs, rank);
      continue;
    }
    const window = axisWindow(op, axis);
    const shape = [rank, 1, ...window.kernelShape];
    const weight = builder.constant(`axis${axis}`, shape, transpose(factor, length, rank));
    source = builder.inner(`axis${axis}`, { kind: 'Conv', group: rank, ...window }, [source, weight]);
  }
  const expand = builder.constant('expand', pointShape(conv, outputs, rank), last);
  return builder.finish({ ...pointConv(conv), ...clamp }, [source, expand, ...biasOf(node)]);
}

function scaleRows(matrix: Float64Array, factors: Float64Array, rows: number, columns: number): void {
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) matrix[i * columns + j] *= factors[j];
}
