/** Heartbeats: the lease starts again, and the teller hears whether the trial is still wanted. */
import type { HeartbeatAnswer, HeartbeatRequest } from '../contract/requests.ts';
import { UserError } from '../errors.ts';
import { attemptOf, extendLease } from '../trial/lease.ts';
import { currentAttempt } from '../trial/trial.ts';
import { isFinished } from '../trial/trial-state.ts';
import { addIntermediate, checkFinal, judgeTrial } from './early-stopping.ts';
import { RUNNER_CLIENT } from './study.ts';
import type { StudyRegistry } from './study-registry.ts';

function leaseLost(id: string, fence: number): UserError {
  return new UserError({
    code: 'LEASE_LOST',
    message: `fence ${fence} no longer holds trial ${id}`,
    hint: 'a result that is ready may still be told: it counts if no newer attempt has told',
    status: 410,
  });
}

/** Throws `UserError` LEASE_LOST (410) when another attempt has been started or the fence was never given out. */
export async function heartbeat(
  registry: StudyRegistry,
  id: string,
  request: HeartbeatRequest,
): Promise<HeartbeatAnswer> {
  const { state, trial } = await registry.trial(id);
  const attempt = attemptOf(trial, request.fence);
  if (attempt === null) throw leaseLost(id, request.fence);
  const now = registry.clock.now();
  if (isFinished(trial.state)) return { leaseUntil: new Date(now).toISOString(), directive: 'abandon' };
  if (trial.state === 'waiting' || currentAttempt(trial)?.fence !== request.fence) throw leaseLost(id, request.fence);
  const { progress, intermediate, final } = request;
  // What an attempt of the runner before this one reported beyond its own steps is still to come.
  const isRepeatable = attempt.clientId === RUNNER_CLIENT;
  const next = {
    ...extendLease(trial, now, progress ?? null),
    ...(final !== undefined && { final: checkFinal({ ...trial.final, ...final }) }),
    ...(intermediate !== undefined && {
      intermediate: addIntermediate(trial.intermediate ?? [], intermediate, isRepeatable),
    }),
  };
  const hasNews = progress !== undefined || intermediate !== undefined;
  await registry.commit(state, {
    trials: [next],
    events: hasNews
      ? [
          {
            type: 'trial.progress',
            trial: trial.number,
            data: { ...(progress !== undefined && { progress }), ...(intermediate !== undefined && { intermediate }) },
          },
        ]
      : [],
    durable: false,
  });
  const leaseUntil = new Date(now + attempt.leaseMs).toISOString();
  const verdict = intermediate === undefined ? null : await judgeTrial(state, next);
  if (verdict === null) return { leaseUntil, directive: 'continue' };
  const { stop, probability, reason } = verdict;
  return { leaseUntil, directive: stop ? 'stop' : 'continue', probability, reason };
}
