/** A study as the daemon keeps it: what the user asked for with every default filled in, and where it stands. */
import type { ParameterSpec, SamplerSpec, SpaceSpec, WireParams } from '../contract/parameter.ts';
import type {
  BudgetSpec,
  ConstraintSpec,
  EarlyStoppingSpec,
  EvaluationSpec,
  FidelitySpec,
  ObjectiveSpec,
  StudyReason,
  StudyState,
} from '../contract/study.ts';
import type { StoredStudy } from '../store/trial-store.ts';
import type { StudyTransfer } from './transfer-source.ts';

/**
 * Where the exact or approximate metrics of a campaign come from: a module with `createSamplerExtension(data)`, loaded wherever
 * the sampler runs. `data` is plain JSON.
 */
export interface SamplerExtensionRef {
  readonly module: string;
  readonly data: unknown;
}

export interface StudyRecord {
  readonly id: string;
  readonly name: string;
  readonly objectives: readonly ObjectiveSpec[];
  /** Over metrics. */
  readonly constraints: readonly ConstraintSpec[];
  /** Over parameters. */
  readonly parameterConstraints?: readonly ConstraintSpec[];
  /** Metric -> formula of the parameters, exact and approximate. */
  readonly known?: Readonly<Record<string, string>>;
  readonly priorMean?: Readonly<Record<string, string>>;
  /** As written; `parameters` and `fixed` are what it means. */
  readonly space: SpaceSpec;
  readonly parameters: readonly ParameterSpec[];
  /** Values that are the same for all trials of a preset. */
  readonly fixed: WireParams;
  readonly sampler: SamplerSpec & { readonly seed: number };
  readonly extension: SamplerExtensionRef | null;
  readonly budget: BudgetSpec;
  readonly earlyStopping?: EarlyStoppingSpec;
  readonly transfer?: StudyTransfer;
  readonly fidelity?: FidelitySpec;
  readonly evaluation: EvaluationSpec | null;
  /** As written; null where the default holds. */
  readonly maxAttempts: number | null;
  readonly notes: string;
  readonly tags: readonly string[];
  readonly state: StudyState;
  readonly reason: StudyReason | null;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Milliseconds that the study has been running before `runningSince`. */
  readonly activeMs: number;
  /** Wall clock; null while it does not run. */
  readonly runningSince: number | null;
}

/** Client id under which the daemon's own campaign runner asks. */
export const RUNNER_CLIENT = 'tinypareto:runner';

export function encodeStudy(study: StudyRecord): StoredStudy {
  return { id: study.id, name: study.name, body: JSON.stringify(study) };
}

export function decodeStudy(stored: StoredStudy): StudyRecord {
  return JSON.parse(stored.body) as StudyRecord;
}

/** External clients see a failure as it was told; the daemon's own campaigns try again by themselves. */
const DEFAULT_ATTEMPTS = { external: 1, campaign: 3 } as const;
/** A trial whose holder vanishes again and again is given up, unless the study says how often to try. */
const DEFAULT_LEASES = 20;

/** How often a trial that was told `failed` is tried in all. */
export function attemptsAllowed(study: StudyRecord): number {
  return study.maxAttempts ?? (study.evaluation === null ? DEFAULT_ATTEMPTS.external : DEFAULT_ATTEMPTS.campaign);
}

/** How often a trial is leased in all, counting leases that ran out. */
export function leasesAllowed(study: StudyRecord): number {
  return study.maxAttempts ?? DEFAULT_LEASES;
}

/** Milliseconds of running time at wall time `now`. */
export function activeMs(study: StudyRecord, now: number): number {
  return study.activeMs + (study.runningSince === null ? 0 : Math.max(0, now - study.runningSince));
}
