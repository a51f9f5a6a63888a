/** What BoTorch, Optuna and Sobol' points reached: ../shared/peers/optimizer/summary.json, where it is at hand, and further runs below. */
import { existsSync, readFileSync } from 'node:fs';
import { sharedPath } from '../../test/support/shared.ts';
import { median } from '../bench-result.ts';

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

interface FurtherRuns {
  /** After 60 evaluations, a run per seed from 0. */
  readonly hypervolumes: readonly number[];
  readonly askCpuMsNear50: number;
}

/**
 * BoTorch 0.18.1 on further problems with the settings of ../shared/peers/optimizer (README, `botorch-qlognehvi`) and the formulas of
 * optimizer/problems, on a machine that others used: CPU times are up to twice too long.
 */
const BOTORCH_FURTHER: Readonly<Record<string, FurtherRuns>> = {
  'DTLZ4-d6-m2': { hypervolumes: [0.195654, 0.051745], askCpuMsNear50: 2398 },
  'MW7-d5': { hypervolumes: [0.353532, 0.38317], askCpuMsNear50: 5835 },
  'ZDT6-d6': { hypervolumes: [117.32286], askCpuMsNear50: 1390 },
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
  const further = evaluations === 60 ? BOTORCH_FURTHER[problem] : undefined;
  if (further !== undefined) {
    const { hypervolumes, askCpuMsNear50 } = further;
    const run = { method: 'botorch-qlognehvi', version: 'botorch 0.18.1', runs: hypervolumes.length, askCpuMsNear50 };
    rows.push({ ...run, medianHypervolume: median(hypervolumes) });
  }
  return rows.sort((a, b) => b.medianHypervolume - a.medianHypervolume);
}
