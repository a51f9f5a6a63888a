/** When a study has had enough. */
import type { StudyReason } from '../contract/study.ts';
import { activeMs } from './study.ts';
import type { StudyState } from './study-state.ts';

const HOUR_MS = 3_600_000;

/** How many more trials the budget pays for; Infinity without a limit. */
export function trialsLeft(state: StudyState, now: number): number {
  const { trials, hours } = state.record.budget;
  if (hours !== undefined && activeMs(state.record, now) >= hours * HOUR_MS) return 0;
  return trials === undefined ? Number.POSITIVE_INFINITY : Math.max(0, trials - state.spent);
}

/** Why a running study should take no new trials any more; null while it should. */
export function reasonToStop(state: StudyState, now: number): StudyReason | null {
  if (trialsLeft(state, now) === 0) return 'budget';
  const { stopWhenNoGain } = state.record.budget;
  if (stopWhenNoGain !== undefined) {
    const gain = state.front.gainOverLast(stopWhenNoGain.trials);
    if (gain !== null && gain < stopWhenNoGain.hypervolumeGain) return 'noGain';
  }
  return state.isSpaceFull ? 'exhausted' : null;
}
