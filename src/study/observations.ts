/** Trials as samplers see them. */
import type { ObservedTrial } from '@tinypareto/optimizer';
import type { TrialState } from '../contract/trial.ts';
import type { TrialRecord } from '../trial/trial.ts';

function observedState(state: TrialState): ObservedTrial['state'] {
  switch (state) {
    case 'waiting':
    case 'running':
      return 'pending';
    case 'completed':
    case 'infeasible':
    case 'failed':
    case 'pruned':
    case 'abandoned':
      return state;
  }
}

export function observe(trial: TrialRecord): ObservedTrial {
  return { number: trial.number, state: observedState(trial.state), params: trial.params, metrics: trial.metrics };
}
