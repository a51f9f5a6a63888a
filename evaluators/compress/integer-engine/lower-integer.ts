/** Nodes as steps of the integer engine. A node without a step here runs by its reference implementation. */
import type { Node } from '../../ir/graph.ts';
import type { Lowering } from './integer-operands.ts';
import {
  lowerAdd,
  lowerDequantize,
  lowerMul,
  lowerQuantize,
  lowerRescale,
  lowerSoftmax,
  lowerUnary,
} from './lower-elementwise.ts';
import { lowerAveragePool, lowerMaxPool, lowerMean, lowerReduceMean } from './lower-pools.ts';
import { gemmOperands, lowerConv, lowerDense, matMulOperands } from './lower-products.ts';

/** The step's address, or null when the engine has no kernel for exactly this node. */
export function lowerIntegerNode(l: Lowering, node: Node): number | null {
  const { op } = node;
  switch (op.kind) {
    case 'QLinearConv':
      return lowerConv(l, node, op);
    case 'QGemm':
      return op.transA ? null : lowerDense(l, node, gemmOperands(l, node, op));
    case 'QLinearMatMul':
      return lowerDense(l, node, matMulOperands(l, node, op));
    case 'MaxPool':
      return (node.outputs[1] ?? '') === '' ? lowerMaxPool(l, node, op) : null;
    case 'QLinearAveragePool':
      return lowerAveragePool(l, node, op);
    case 'QLinearGlobalAveragePool':
      return lowerMean(l, node, 2);
    case 'QLinearReduceMean':
      return lowerReduceMean(l, node, op);
    case 'QLinearBinary':
      return op.fn === 'Add' ? lowerAdd(l, node, op) : lowerMul(l, node, op);
    case 'QLinearUnary':
      return lowerUnary(l, node, op);
    case 'QLinearConcat':
      return node.inputs.length === 5 ? lowerRescale(l, node) : null;
    case 'QLinearSoftmax':
      return lowerSoftmax(l, node, op);
    case 'QuantizeLinear':
      return lowerQuantize(l, node, op);
    case 'DequantizeLinear':
      return lowerDequantize(l, node);
    default:
      return null;
  }
}
