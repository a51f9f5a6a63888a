/**
 * ROM and RAM of a pruned network in the number format that its plan asks for: what pruning targets in bytes are compared with. Structured
 * pruning leads to sizes that follow from shapes; element pruning to sizes that follow from which weights are zero.
 */
import type { BoardSpec } from '../board-spec.ts';
import { type LowerOptions, lower } from '../codegen/lower.ts';
import { type PredictedSizes, predictSizes } from '../codegen/predict/predict-sizes.ts';
import { fuseQuantized } from '../compress/fuse-quantized.ts';
import type { Measures } from '../compress/group-widths.ts';
import { activationNames } from '../compress/quantization/calibrate.ts';
import { quantize } from '../compress/quantization/quantize-graph.ts';
import { storeSmaller, usesIntegers } from '../compress/quantize-network.ts';
import type { CompressionPlan, QuantizePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import { deployable } from './load-network.ts';

/** Any range gives the same sizes. */
const ANY_RANGE = { min: -1, max: 1 };

/** The network as it would be compiled, with activation ranges that nobody measured. */
export function deployedForm(graph: Graph, plan: QuantizePlan = { format: 'float32' }): Graph {
  const network = deployable(graph);
  if (!usesIntegers(plan)) return storeSmaller(network, plan);
  const ranges = new Map(activationNames(network).map((name) => [name, ANY_RANGE]));
  return fuseQuantized(storeSmaller(quantize(network, ranges, plan), plan), { fallback: plan.fallback ?? 'float' });
}

export function deployedSizes(
  graph: Graph,
  plan: QuantizePlan | undefined,
  board: BoardSpec,
  options: LowerOptions = compileOptions({}),
): PredictedSizes {
  return predictSizes(lower(deployedForm(graph, plan), board, options), board);
}

/** How the network of a plan is compiled: in patches only when asked to or when it does not fit otherwise, so that RAM changes little from one width to the next. */
export function compileOptions({ optimize = 'balanced' }: CompressionPlan): LowerOptions {
  return optimize === 'balanced' ? { patches: 'whenNeeded' } : { optimize };
}

/** For `CompressHooks.measures`. */
export function sizeMeasures(plan: QuantizePlan | undefined, board: BoardSpec): Measures {
  const known = new WeakMap<Graph, PredictedSizes>();
  const sizes = (graph: Graph): PredictedSizes => {
    // A search for patches would take seconds for each of hundreds of networks, and only makes RAM smaller.
    const result = known.get(graph) ?? deployedSizes(graph, plan, board, { patches: 'none' });
    known.set(graph, result);
    return result;
  };
  return { romBytes: (graph) => sizes(graph).romBytes, ramBytes: (graph) => sizes(graph).ramBytes };
}
