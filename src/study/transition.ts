/** Changes of a study's own state, as new records. */
import type { StudyState as StateName, StudyReason } from '../contract/study.ts';
import { reasonToStop } from './budget.ts';
import { activeMs, type StudyRecord } from './study.ts';
import type { StudyState } from './study-state.ts';

/** The record after a change of the study itself: revision and running time brought up to date. */
export function changeStudy(record: StudyRecord, change: Partial<StudyRecord>, now: number): StudyRecord {
  const next = { ...record, ...change, revision: record.revision + 1, updatedAt: now };
  const runs = next.state === 'running' || next.state === 'stopping';
  return { ...next, activeMs: activeMs(record, now), runningSince: runs ? now : null };
}

export function moveStudy(record: StudyRecord, state: StateName, reason: StudyReason | null, now: number): StudyRecord {
  return changeStudy(record, { state, reason }, now);
}

/**
 * What a study becomes by itself: it stops taking new trials when the budget is spent, nothing is gained or the space is used
 * up, and is completed when the last trial is finished. Null: nothing changes.
 */
export function settle(state: StudyState, now: number): StudyRecord | null {
  const { record, open } = state;
  if (record.state === 'stopping') return open === 0 ? moveStudy(record, 'completed', record.reason, now) : null;
  if (record.state !== 'running') return null;
  const reason = reasonToStop(state, now);
  if (reason === null) return null;
  if (open === 0) return moveStudy(record, 'completed', reason, now);
  // Otherwise the study runs on, so that trials that wait or whose lease runs out are still given out.
  return reason === 'noGain' ? moveStudy(record, 'stopping', reason, now) : null;
}
