/**
 * A convolution as a depthwise one followed by a 1×1 one (Howard et al., "MobileNets", 2017): K·C + C·M instead of K·C·M
 * multiply-accumulates per position. The weights start as the best approximation of the old ones: for every input channel c the matrix
 * W[:, c, :] is approximated by one column times one row.
 */
import type { Graph, Node } from '../../ir/graph.ts';
import { factorize } from './low-rank-factors.ts';
import { biasOf, cannot, plainConv, pointWindow, type Replacement, ReplacementBuilder } from './replacement.ts';

export function depthwiseSeparable(graph: Graph, node: Node, taken: Set<string>): Replacement {
  const { op, outputs, inputs, kernel, weights, clamp } = plainConv(graph, node, 'depthwiseSeparable');
  if (kernel === 1) throw cannot(node, 'has a kernel of one position: there is nothing to separate');
  const depthwise = new Float64Array(inputs * kernel);
  const pointwise = new Float64Array(outputs * inputs);
  const slice = new Float64Array(outputs * kernel);
  for (let c = 0; c < inputs; c++) {
    for (let m = 0; m < outputs; m++) {
      const from = (m * inputs + c) * kernel;
      slice.set(weights.subarray(from, from + kernel), m * kernel);
    }
    const { left, right } = factorize(slice, outputs, kernel, 1);
    depthwise.set(right, c * kernel);
    for (let m = 0; m < outputs; m++) pointwise[m * inputs + c] = left[m];
  }
  const { clamp: _fused, ...window } = op;
  const builder = new ReplacementBuilder(node, taken);
  const perChannel = builder.constant('depthwise', [inputs, 1, ...op.kernelShape], depthwise);
  const between = builder.inner('depthwise', { ...window, group: inputs }, [node.inputs[0], perChannel]);
  const across = builder.constant('pointwise', [outputs, inputs, ...op.kernelShape.map(() => 1)], pointwise);
  const point = { kind: 'Conv', group: 1, ...pointWindow(op.kernelShape.length), ...clamp } as const;
  return builder.finish(point, [between, across, ...biasOf(node)]);
}
