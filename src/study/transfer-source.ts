/** The trials of an earlier study from which a new one learns, copied into it: what happens to the earlier one later changes nothing. */
import type { ObservedTrial } from '@tinypareto/optimizer';
import type { TransferSpec } from '../contract/study.ts';

export interface StudyTransfer extends TransferSpec {
  readonly trials: readonly Pick<ObservedTrial, 'state' | 'params' | 'metrics'>[];
}

/** More would make every ask slower without saying much more. */
const MOST_TRIALS = 100;

/** Trials with metrics: those of the front, and as many others as fit, evenly over the study. */
function transferSource(
  spec: TransferSpec,
  observations: readonly ObservedTrial[],
  frontNumbers: readonly number[],
): StudyTransfer {
  const usable = observations.filter(
    ({ state, metrics }) =>
      (state === 'completed' || state === 'infeasible' || state === 'pruned') && Object.keys(metrics).length > 0,
  );
  const front = new Set(frontNumbers.slice(0, MOST_TRIALS / 2));
  const others = usable.filter(({ number }) => !front.has(number));
  const room = MOST_TRIALS - front.size;
  const chosen = new Set(
    others.length <= room
      ? others.map(({ number }) => number)
      : Array.from({ length: room }, (_, i) => others[Math.floor((i * others.length) / room)]?.number ?? -1),
  );
  const trials = usable
    .filter(({ number }) => front.has(number) || chosen.has(number))
    .map(({ state, params, metrics }) => ({ state, params, metrics }));
  return { ...spec, trials };
}

/** An earlier study as far as it is read here. */
interface Source {
  readonly record: { readonly id: string };
  readonly observations: readonly ObservedTrial[];
  readonly front: { readonly numbers: readonly number[] };
}

/** The record with what it takes from `source`; as it is where there is nothing to take. */
export function withTransfer<T extends object>(
  record: T,
  spec: TransferSpec | undefined,
  source: Source | null,
): T & { readonly transfer?: StudyTransfer } {
  if (spec === undefined || source === null) return record;
  const named = { ...spec, study: source.record.id };
  return { ...record, transfer: transferSource(named, source.observations, source.front.numbers) };
}

/** As it was asked for. */
export function toTransferSpec({ study, discount }: StudyTransfer): TransferSpec {
  return { study, ...(discount !== undefined && { discount }) };
}
