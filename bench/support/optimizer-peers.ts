/** What BoTorch, Optuna and Sobol' points reached on the open problems: ../shared/peers/optimizer/summary.json, where it is at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { sharedPath } from '../../test/support/shared.ts';

interface StoredMethod {
  readonly version: string;
  readonly runs: number;
  readonly hv: Readonly<Record<string, { readonly median: number }>>;
  readonly medianAskCpuSecondsNear50: number;
}

export interface PeerRow {
  readonly method: string;
  readonly version: string;
  readonly runs: number;
  readonly medianHypervolume: number;
  readonly askCpuMsNear50: number;
}

/** BoTorch's mixed optimizer on mixed-compress (README of the same folder): one run, ended at 75 evaluations, asks of 31–47 s. */
const BOTORCH_MIXED: Readonly<Record<string, number>> = {
  20: 3.4716e6,
  30: 5.9942e6,
  40: 7.9939e6,
  50: 8.3664e6,
  60: 8.6005e6,
  70: 8.7086e6,
};

/** Peers' medians after `evaluations` on `problem`, best first; empty where nothing is stored for that number. */
export function peersOf(problem: string, evaluations: number): PeerRow[] {
  const rows: PeerRow[] = [];
  const file = sharedPath('peers/optimizer/summary.json');
  if (existsSync(file)) {
    const summary = JSON.parse(readFileSync(file, 'utf8')) as Record<string, { methods: Record<string, StoredMethod> }>;
    for (const [method, stored] of Object.entries(summary[problem]?.methods ?? {})) {
      const medianHypervolume = stored.hv[evaluations]?.median;
      if (medianHypervolume === undefined) continue;
      const askCpuMsNear50 = 1000 * stored.medianAskCpuSecondsNear50;
      rows.push({ method, version: stored.version, runs: stored.runs, medianHypervolume, askCpuMsNear50 });
    }
  }
  const mixed = problem === 'mixed-compress' ? BOTORCH_MIXED[evaluations] : undefined;
  if (mixed !== undefined) {
    const run = { method: 'botorch-qlognehvi-mixed', version: 'botorch 0.18.1', runs: 1, askCpuMsNear50: 39_000 };
    rows.push({ ...run, medianHypervolume: mixed });
  }
  return rows.sort((a, b) => b.medianHypervolume - a.medianHypervolume);
}
