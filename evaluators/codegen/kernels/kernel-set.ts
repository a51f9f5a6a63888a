/** Sets of kernels: the plain C ones that run everywhere, and those written for one core. */
import type { CpuCore } from '../../board-spec.ts';

/** Every set falls back to `reference` where it has nothing of its own. */
export type KernelSet = 'reference' | 'cortex-m0plus' | 'cortex-m4f';

export function kernelSetOf(core: CpuCore): KernelSet {
  return core === 'host' ? 'reference' : core;
}
