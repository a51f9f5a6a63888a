/**
 * What a plan leaves open about post-training quantization: coarse grids (one scale for a whole tensor, or four bits) get equalized layers,
 * compensated rounding and corrected biases; fine ones are so near to the float network already that there is nothing to mend.
 */
import type { QuantizePlan } from '../../compression-plan.ts';

function isCoarse({ format, granularity, layers }: QuantizePlan): boolean {
  const formats = new Set([format, ...Object.values(layers ?? {})]);
  return formats.has('int4') || (granularity === 'tensor' && (formats.has('int8') || formats.has('uint8')));
}

/** The plan with every switch set. Quantization-aware training mends by itself and begins at the float weights. */
export function mendedPlan(plan: QuantizePlan): QuantizePlan {
  const mends = plan.mode !== 'qat' && isCoarse(plan);
  return { equalize: mends, biasCorrection: mends, adaptiveRounding: mends, ...plan };
}
