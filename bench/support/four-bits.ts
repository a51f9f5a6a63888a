/**
 * A quantized network with the weights of its dense convolutions in 4 bits: per channel the clipping with the least squared error, values
 * -7…7, scales to match. For timing; nothing is trained.
 */
import type { Graph, Tensor } from '@tinypareto/evaluators';

const STEPS = 15;

/** Best factor by which 8-bit values are divided. */
function divisorOf(own: Int8Array): number {
  const largest = own.reduce((most, w) => Math.max(most, Math.abs(w)), 1);
  let best = { divisor: largest / 7, error: Number.POSITIVE_INFINITY };
  for (let step = 0; step < STEPS; step++) {
    const divisor = (largest * (1 - step / 20)) / 7;
    const error = own.reduce((sum, w) => sum + (w - divisor * rounded(w, divisor)) ** 2, 0);
    if (error < best.error) best = { divisor, error };
  }
  return best.divisor;
}

const rounded = (w: number, divisor: number): number => Math.max(-7, Math.min(7, Math.round(w / divisor)));

export function inFourBits(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  for (const { op, inputs } of graph.nodes) {
    if (op.kind !== 'QLinearConv' || op.group !== 1) continue;
    const [name, scaleName] = [inputs[3] ?? '', inputs[4] ?? ''];
    const [weights, scales] = [initializers.get(name), initializers.get(scaleName)];
    if (weights?.dtype !== 'int8' || scales === undefined || scales.data.length !== weights.shape[0]) continue;
    const source = weights.data as Int8Array;
    const length = source.length / scales.data.length;
    const data = new Int8Array(source.length);
    const made = Float32Array.from(scales.data as Float32Array);
    for (let c = 0; c < made.length; c++) {
      const own = source.subarray(c * length, (c + 1) * length);
      const divisor = divisorOf(own);
      data.set(
        own.map((w) => rounded(w, divisor)),
        c * length,
      );
      made[c] = (made[c] ?? 0) * divisor;
    }
    initializers.set(name, { ...weights, data } as Tensor);
    initializers.set(scaleName, { ...scales, data: made } as Tensor);
  }
  return { ...graph, initializers };
}
