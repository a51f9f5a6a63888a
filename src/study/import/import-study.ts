/** From a study that was read from a file to one of this daemon: its finished trials are known results, outside the budget. */
import { createRng, SpaceError } from '@tinypareto/optimizer';
import { UserError } from '../../errors.ts';
import { contentHash } from '../../trial/content-hash.ts';
import { createTrial, type TrialRecord } from '../../trial/trial.ts';
import { isFinished } from '../../trial/trial-state.ts';
import { judge } from '../judge.ts';
import type { StudyRecord } from '../study.ts';
import { compileRules, type StudyRules } from '../study-rules.ts';
import type { ImportedStudy, ImportedTrial } from './imported-study.ts';

export interface SkippedTrial {
  /** Number in the file. */
  readonly number: number;
  readonly reason: string;
}

export interface PreparedTrials {
  readonly trials: readonly TrialRecord[];
  readonly skipped: readonly SkippedTrial[];
}

function prepare(
  record: StudyRecord,
  rules: StudyRules,
  read: ImportedTrial,
  number: number,
  now: number,
): TrialRecord {
  const { state, params, why, metrics, reason, userAttrs, intermediate } = read;
  const createdAt = read.createdAt ?? now;
  if (!isFinished(state)) {
    const complete = rules.space.completeParams(params, createRng(record.sampler.seed, number, 'enqueue'));
    if (complete === null) throw new SpaceError('no point of the space has these values');
    return createTrial(number, complete, why, createdAt);
  }
  if (state === 'waiting' || state === 'running') throw new Error('an open trial cannot be finished');
  return {
    ...createTrial(number, rules.space.validate(params), why, createdAt, state),
    ...judge(state, metrics, record.objectives, rules.constraints),
    reason,
    userAttrs,
    ...(intermediate.length > 0 && { intermediate }),
    told: { fence: 0, hash: contentHash({ file: read.number, params, state, metrics }) },
    isImported: true,
    startedAt: read.startedAt,
    finishedAt: read.finishedAt ?? now,
    finishedSeq: 0,
  };
}

/** The trials that fit the study; those that do not are named with the reason. */
export async function prepareTrials(
  record: StudyRecord,
  imported: ImportedStudy,
  now: number,
): Promise<PreparedTrials> {
  const rules = await compileRules(record);
  const trials: TrialRecord[] = [];
  const skipped: SkippedTrial[] = [];
  for (const read of imported.trials) {
    try {
      trials.push(prepare(record, rules, read, trials.length, now));
    } catch (error) {
      if (!(error instanceof UserError) && !(error instanceof SpaceError)) throw error;
      skipped.push({ number: read.number, reason: error.message });
    }
  }
  return { trials, skipped };
}
