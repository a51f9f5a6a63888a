/** CMSIS-NN's cycles in kernels-model-1, layer by layer, and published figures of other engines, from ../shared/peers/kernels. */
import { readFileSync } from 'node:fs';
import { sharedPath } from '../../test/support/shared.ts';

export type ModelledCore = 'cortex-m4' | 'cortex-m0plus';

export interface PeerLayer {
  readonly op: string;
  readonly macs: number;
  readonly cycles: number;
}

interface PeerFile {
  readonly peer: { readonly name: string; readonly commit: string };
  readonly results: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, readonly PeerLayer[]>>>>>>;
}

let stored: PeerFile | undefined;

function file(): PeerFile {
  stored ??= JSON.parse(readFileSync(sharedPath('peers', 'kernels', 'cmsis-nn.json'), 'utf8')) as PeerFile;
  return stored;
}

export function peerName(): string {
  const { name, commit } = file().peer;
  return `${name} ${commit.slice(0, 8)}, -O3, kernels only, counted in the same cycle model (stored in ../shared/peers/kernels)`;
}

/** Layers of a net in a memory variant; undefined where it was not counted. */
export function peerLayers(core: ModelledCore, variant: string, net: string): readonly PeerLayer[] | undefined {
  return file().results[core]?.[variant]?.[net];
}

/** Whole nets, cycles per MAC on silicon (clock × latency / MACs), MLPerf Tiny submissions. */
export const PUBLISHED: Readonly<Record<ModelledCore, Readonly<Record<string, string>>>> = {
  'cortex-m4': {
    kws: '1.95 (ST, v1.2)',
    ic: '1.58 (ST, v1.2)',
    vww: '1.42 (ST, v1.2)',
    ad: '1.84 (Plumerai, v1.1)',
  },
  'cortex-m0plus': {
    kws: '11.43 (Bosch HALE, v1.2)',
    ic: '7.79 (Bosch HALE, v1.2)',
    vww: '12.09 (Bosch HALE, v1.2)',
    ad: '9.91 (Bosch HALE, v1.2)',
  },
};
