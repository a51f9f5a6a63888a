/** A kernel written for one core, as the selection sees it. */
import type { Lowering } from '../lowering.ts';

export interface KernelCandidate<L> {
  /** It stores weights of 4 bits as such, so that no other encoding is looked for. */
  readonly storesNibbles?: boolean;
  /** Whether the kernel computes this layer with the right bits: by shapes and zero points, or by the values of the weights. */
  readonly takes: (layer: L, lowering: Lowering) => boolean;
  /** Channels for whose weights it does not take the layer; with zeros in their place it does. None when nothing helps. */
  readonly leaves?: (layer: L, lowering: Lowering) => readonly number[];
  /** Adds the call with its packed constants and working memory. */
  readonly call: (lowering: Lowering, layer: L) => void;
}
