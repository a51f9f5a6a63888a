/** Weight tensors in the order in which the kernels read them. */
import { elementCount } from '../../ir/tensor.ts';

/**
 * For each packed position the index in ONNX order [M, C/group, ...kernel]: dense convolutions are packed
 * [M][...kernel][C/group], depthwise ones [...kernel][M].
 */
export function convolutionOrder(shape: readonly number[], depthwise: boolean): Uint32Array {
  const [outputs, depth] = shape;
  const taps = elementCount(shape.slice(2));
  const order = new Uint32Array(outputs * depth * taps);
  let at = 0;
  if (depthwise) {
    for (let tap = 0; tap < taps; tap++) for (let m = 0; m < outputs; m++) order[at++] = m * taps + tap;
    return order;
  }
  for (let m = 0; m < outputs; m++) {
    for (let tap = 0; tap < taps; tap++) for (let c = 0; c < depth; c++) order[at++] = (m * depth + c) * taps + tap;
  }
  return order;
}

/**
 * For each packed position [N][K] the index in the constant operand b ([K, N], or [N, K] when `transposed`). `inner[k]` is
 * the logical index of the input element at physical place k, which undoes a flatten of a channels-last image.
 */
export function matrixOrder(k: number, n: number, transposed: boolean, inner: Uint32Array): Uint32Array {
  const order = new Uint32Array(k * n);
  let at = 0;
  for (let o = 0; o < n; o++) {
    for (let i = 0; i < k; i++) order[at++] = transposed ? o * k + inner[i] : inner[i] * n + o;
  }
  return order;
}
