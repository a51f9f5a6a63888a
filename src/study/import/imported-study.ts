/** A study read from a file: its definition, and its trials as far as they can be read. */
import type { WireMetrics } from '../../contract/metric.ts';
import type { WireParams } from '../../contract/parameter.ts';
import { type StudyDefinition, StudyDefinitionSchema } from '../../contract/study.ts';
import type { TrialState, Why, WireTrial } from '../../contract/trial.ts';
import { validate } from '../../contract/validate.ts';
import type { Intermediate } from '../../trial/trial.ts';
import { badImport } from './optuna-study.ts';

export interface ImportedTrial {
  /** Number in the file. */
  readonly number: number;
  readonly state: TrialState;
  /** Of a waiting trial some may be missing. */
  readonly params: WireParams;
  readonly why: Why;
  readonly metrics: WireMetrics;
  readonly reason: string | null;
  readonly userAttrs: Readonly<Record<string, unknown>>;
  readonly intermediate: readonly Intermediate[];
  readonly createdAt: number | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export interface ImportedStudy {
  readonly definition: StudyDefinition;
  readonly trials: readonly ImportedTrial[];
}

const time = (text: string | null | undefined): number | null => {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? null : ms;
};

/** A trial as our own exports write it. Throws `UserError` BAD_IMPORT (422). */
export function ownTrial(number: number, params: WireParams, wire: Partial<WireTrial>): ImportedTrial {
  const { state, why, metrics, reason, userAttrs, intermediate, createdAt, startedAt, finishedAt } = wire;
  if (state === undefined || typeof params !== 'object' || params === null)
    throw badImport(`trial ${number} has no state or params`);
  return {
    number,
    state,
    params,
    why: why ?? { origin: 'imported' },
    metrics: metrics ?? {},
    reason: reason ?? null,
    userAttrs: userAttrs ?? {},
    intermediate: intermediate ?? [],
    createdAt: time(createdAt),
    startedAt: time(startedAt),
    finishedAt: time(finishedAt),
  };
}

/** `name` instead of the one in the file. Throws `InvalidInputError` (422) for a definition that does not follow the contract. */
export function readDefinition(definition: unknown, name: string | null): StudyDefinition {
  if (typeof definition !== 'object' || definition === null) throw badImport('the file has no definition of its study');
  return validate(StudyDefinitionSchema, { ...definition, ...(name !== null && { name }) }, 422);
}
