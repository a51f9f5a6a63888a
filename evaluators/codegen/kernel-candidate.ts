/** A kernel written for one core, as the selection sees it. */
import type { Lowering } from './lowering.ts';

export interface KernelCandidate<L> {
  /** Whether the kernel computes this layer. Looks at shapes and zero points, packs nothing. */
  readonly takes: (layer: L) => boolean;
  /** Adds the call with its packed constants and working memory. */
  readonly call: (lowering: Lowering, layer: L) => void;
}
