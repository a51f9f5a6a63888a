/** Trials that a person wants tried: they wait in the queue before anything the sampler thinks of. */
import { createRng, type SearchSpace, SpaceError } from '@tinypareto/optimizer';
import type { EnqueueRequest } from '../contract/requests.ts';
import type { WireTrial } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import { createTrial, type TrialRecord, toWireTrial } from '../trial/trial.ts';
import { notRunning } from './ask.ts';
import { trialsLeft } from './budget.ts';
import type { StudyRegistry } from './study-registry.ts';

/**
 * A waiting trial at the point asked for. What is not given is drawn at random, the same for the same study seed and trial number. Throws
 * 422 for params outside the space.
 */
export function enqueuedTrial(
  space: SearchSpace,
  seed: number,
  number: number,
  request: EnqueueRequest,
  now: number,
): TrialRecord {
  let params: WireTrial['params'] | null;
  try {
    params = space.completeParams(request.params, createRng(seed, number, 'enqueue'));
  } catch (error) {
    if (!(error instanceof SpaceError)) throw error;
    throw new UserError({ code: 'BAD_PARAMS', message: error.message, where: 'params', status: 422 });
  }
  if (params === null)
    throw new UserError({
      code: 'BAD_PARAMS',
      message: 'no point of the space has these values',
      where: 'params',
      hint: 'a parameter may be inactive beside the other values given',
      status: 422,
    });
  const why = { origin: 'enqueued', ...(request.note !== undefined && { note: request.note }) };
  return createTrial(number, params, why, now);
}

/** Throws 422 for params outside the space, 409 when the study takes no more. */
export async function enqueue(registry: StudyRegistry, ref: string, request: EnqueueRequest): Promise<WireTrial> {
  const state = await registry.state(ref);
  const { record } = state;
  if (record.state !== 'running' && record.state !== 'paused') throw notRunning(state);
  const now = registry.clock.now();
  if (trialsLeft(state, now) === 0) throw notRunning(state, 'budget');
  const number = state.trials.length;
  const trial = enqueuedTrial(state.space, record.sampler.seed, number, request, now);
  await registry.commit(state, {
    trials: [trial],
    events: [{ type: 'trial.created', trial: number }],
    durable: true,
  });
  return toWireTrial(record.id, trial);
}
