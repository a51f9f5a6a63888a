/** Studies as clients see them. */
import type { FrontPoint, StudyView } from '../contract/study.ts';
import { trialId } from '../trial/trial.ts';
import { attemptsAllowed, type StudyRecord } from './study.ts';
import type { StudyState } from './study-state.ts';
import { toTransferSpec } from './transfer-source.ts';

const time = (ms: number): string => new Date(ms).toISOString();

/** `isDiskFull`: no change can be stored at the moment, so a running study is shown as paused. */
export function viewStudy(state: StudyState, lastSeq: number, isDiskFull: boolean): StudyView {
  const { record } = state;
  const waitsForDisk = isDiskFull && record.state === 'running';
  const hypervolume = state.front.current();
  return {
    id: record.id,
    name: record.name,
    state: waitsForDisk ? 'paused' : record.state,
    reason: waitsForDisk ? 'diskFull' : record.reason,
    objectives: [...record.objectives],
    constraints: [...record.constraints, ...(record.parameterConstraints ?? [])],
    space: record.space,
    parameters: [...record.parameters],
    ...(Object.keys(record.fixed).length > 0 && { fixed: record.fixed }),
    ...(record.known !== undefined && { known: { ...record.known } }),
    ...(record.priorMean !== undefined && { priorMean: { ...record.priorMean } }),
    sampler: record.sampler,
    budget: record.budget,
    ...(record.transfer !== undefined && { transfer: toTransferSpec(record.transfer) }),
    ...(record.fidelity !== undefined && { fidelity: record.fidelity }),
    ...(record.earlyStopping !== undefined && { earlyStopping: record.earlyStopping }),
    ...(record.evaluation !== null && { evaluation: record.evaluation }),
    maxAttempts: attemptsAllowed(record),
    notes: record.notes,
    tags: [...record.tags],
    createdAt: time(record.createdAt),
    updatedAt: time(record.updatedAt),
    revision: record.revision,
    counts: state.counts,
    frontSize: state.front.size,
    hypervolume: hypervolume === null ? null : { reference: [...hypervolume.reference], value: hypervolume.value },
    lastEvent: lastSeq,
  };
}

export function viewFront(state: StudyState): FrontPoint[] {
  return state.front.numbers.flatMap((number) => {
    const trial = state.trials[number];
    if (trial === undefined) return [];
    return [
      {
        trial: trialId(state.record.id, number),
        number,
        params: { ...trial.params },
        metrics: trial.metrics as FrontPoint['metrics'],
        artifacts: trial.artifacts.map(({ name }) => name),
      },
    ];
  });
}

export function matchesState(record: StudyRecord, state: string | undefined): boolean {
  return state === undefined ? record.state !== 'archived' : record.state === state;
}
