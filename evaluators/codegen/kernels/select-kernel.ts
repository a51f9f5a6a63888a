/**
 * Which kernel computes a layer: of the candidates of the kernel set the first that takes the layer, else the reference. All give the
 * same bits. The only file that knows which core has which kernels.
 */

import { callWithWeights } from '../encodings/encode-weights.ts';
import type { Call, Lowering } from '../lowering.ts';
import { convolutionDsp, productDsp } from './call-dsp.ts';
import { depthwiseDsp, depthwiseTapsDsp } from './call-dsp-depthwise.ts';
import { convolutionFpu } from './call-fpu.ts';
import { referenceConvolution, referenceProduct } from './call-reference.ts';
import { convolutionSwar, convolutionSwar4, productSwar } from './call-swar.ts';
import { depthwiseSwar, depthwiseTapsSwar } from './call-swar-depthwise.ts';
import { convolutionPairs4 } from './call-swar-pairs.ts';
import { callChannelsApart } from './channels-apart.ts';
import { type FloatConvolution, referenceFloatConvolution } from './float-layer.ts';
import type { IntegerConvolution, IntegerProduct } from './integer-layer.ts';
import type { KernelCandidate } from './kernel-candidate.ts';
import type { KernelSet } from './kernel-set.ts';
import {
  callInParts,
  floatParts,
  integerParts,
  isFasterInParts,
  isSplittable,
  type PartMaker,
  type Splittable,
} from './split-convolution.ts';

type Candidates<L> = Readonly<Record<KernelSet, readonly KernelCandidate<L>[]>>;

const CONVOLUTIONS: Candidates<IntegerConvolution> = {
  reference: [],
  'cortex-m0plus': [depthwiseSwar, depthwiseTapsSwar, convolutionPairs4, convolutionSwar4, convolutionSwar],
  'cortex-m4f': [depthwiseDsp, depthwiseTapsDsp, convolutionDsp],
};

const PRODUCTS: Candidates<IntegerProduct> = {
  reference: [],
  'cortex-m0plus': [productSwar],
  'cortex-m4f': [productDsp],
};

const FLOAT_CONVOLUTIONS: Candidates<FloatConvolution> = {
  reference: [],
  'cortex-m0plus': [],
  'cortex-m4f': [convolutionFpu],
};

export function callFloatConvolution(lowering: Lowering, layer: FloatConvolution): void {
  const candidates = FLOAT_CONVOLUTIONS[lowering.kernels];
  const whole = (each: FloatConvolution) => call(lowering, each, candidates, referenceFloatConvolution);
  callWholeOrInParts(lowering, layer, candidates, whole, () => floatParts(layer));
}

export function callIntegerConvolution(lowering: Lowering, layer: IntegerConvolution): void {
  const candidates = CONVOLUTIONS[lowering.kernels];
  const by = (kernels: typeof candidates) => (each: IntegerConvolution) =>
    call(lowering, each, kernels, referenceConvolution);
  const whole = (each: IntegerConvolution) => {
    const apart = channelsApart(lowering, each, candidates);
    if (apart.length === 0) by(candidates)(each);
    else callChannelsApart(lowering, each, apart, by(candidates), by([]));
  };
  callWholeOrInParts(lowering, layer, candidates, whole, () => integerParts(lowering, layer));
}

/** Channels without which a kernel of the core takes the layer, when they are few. */
function channelsApart<L extends Splittable>(
  lowering: Lowering,
  layer: L,
  candidates: readonly KernelCandidate<L>[],
): readonly number[] {
  if (!lowering.inParts || layer.x.buffer === undefined) return [];
  if (candidates.some(({ takes }) => takes(layer, lowering))) return [];
  const few = candidates.map(({ leaves }) => leaves?.(layer, lowering) ?? []).find(({ length }) => length > 0) ?? [];
  return few.length * MOST_APART <= layer.channels ? few : [];
}

/** One of so many channels may go apart. */
const MOST_APART = 4;

/** A layer that no kernel of the core takes goes in parts where these do and that is predicted to be faster. */
function callWholeOrInParts<L extends Splittable>(
  lowering: Lowering,
  layer: L,
  candidates: readonly KernelCandidate<L>[],
  whole: (layer: L) => void,
  parts: PartMaker<L>,
): void {
  const mayPart = candidates.length > 0 && isSplittable(lowering, layer);
  if (!mayPart || candidates.some(({ takes }) => takes(layer, lowering))) whole(layer);
  else if (isFasterInParts(lowering, layer, whole, parts)) callInParts(lowering, layer, whole, parts);
  else whole(layer);
}

export function callIntegerProduct(lowering: Lowering, layer: IntegerProduct): void {
  call(lowering, layer, PRODUCTS[lowering.kernels], referenceProduct);
}

function call<L>(
  lowering: Lowering,
  layer: L,
  candidates: readonly KernelCandidate<L>[],
  reference: (lowering: Lowering, layer: L) => Call,
): void {
  const candidate = candidates.find(({ takes }) => takes(layer, lowering));
  if (candidate?.storesNibbles) {
    candidate.call(lowering, layer);
    return;
  }
  const tuned = candidate === undefined ? undefined : () => candidate.call(lowering, layer);
  callWithWeights(lowering, reference(lowering, layer), tuned);
}
