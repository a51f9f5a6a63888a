/** Reads a study from an Optuna journal: one operation per line; ids are implied by the order of the operations. */
import { OPTUNA_STATE_NUMBERS, type OptunaState } from '../export/optuna-trial.ts';
import {
  badImport,
  chooseStudy,
  parseJson,
  readDistribution,
  type StoredParam,
  type StoredStudy,
} from './optuna-study.ts';

const OP = {
  createStudy: 0,
  deleteStudy: 1,
  studyUserAttr: 2,
  studySystemAttr: 3,
  createTrial: 4,
  param: 5,
  stateValues: 6,
  intermediate: 7,
  trialUserAttr: 8,
  trialSystemAttr: 9,
} as const;

interface DraftTrial {
  state: OptunaState;
  start: Date | null;
  complete: Date | null;
  params: Map<string, StoredParam>;
  values: (number | null)[];
  intermediate: Map<number, number>;
  userAttrs: Record<string, unknown>;
  systemAttrs: Record<string, unknown>;
}

interface DraftStudy {
  name: string;
  directions: ('minimize' | 'maximize')[];
  userAttrs: Record<string, unknown>;
  systemAttrs: Record<string, unknown>;
  trials: DraftTrial[];
}

type Line = Readonly<Record<string, unknown>>;

const STATES = new Map(Object.entries(OPTUNA_STATE_NUMBERS).map(([name, code]) => [code, name as OptunaState]));
const record = (value: unknown): Record<string, unknown> => ({ ...(value as Record<string, unknown> | null) });
const finite = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

function readDate(value: unknown): Date | null {
  if (typeof value !== 'string') return null;
  const date = new Date(/[Zz]|[+-]\d\d:\d\d$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(date.getTime()) ? null : date;
}

class Replay {
  readonly studies: (DraftStudy | null)[] = [];
  readonly #trials: DraftTrial[] = [];

  apply(line: Line): void {
    switch (line['op_code']) {
      case OP.createStudy: {
        const codes = (line['directions'] ?? []) as number[];
        const directions = codes.map((code) => (code === 2 ? ('maximize' as const) : ('minimize' as const)));
        this.studies.push({ name: String(line['study_name']), directions, userAttrs: {}, systemAttrs: {}, trials: [] });
        return;
      }
      case OP.deleteStudy:
        this.studies[Number(line['study_id'])] = null;
        return;
      case OP.studyUserAttr:
        Object.assign(this.#study(line)?.userAttrs ?? {}, line['user_attr']);
        return;
      case OP.studySystemAttr:
        Object.assign(this.#study(line)?.systemAttrs ?? {}, line['system_attr']);
        return;
      case OP.createTrial:
        this.#createTrial(line);
        return;
      default:
        this.#changeTrial(line);
    }
  }

  #study(line: Line): DraftStudy | null {
    return this.studies[Number(line['study_id'])] ?? null;
  }

  #createTrial(line: Line): void {
    const distributions = record(line['distributions']);
    const params = Object.entries(record(line['params'])).map(([name, value]): [string, StoredParam] => [
      name,
      { name, value: Number(value), distribution: readDistribution(distributions[name], name) },
    ]);
    const values = Array.isArray(line['values']) ? line['values'] : line['value'] == null ? [] : [line['value']];
    const steps = Object.entries(record(line['intermediate_values']));
    const trial: DraftTrial = {
      state: STATES.get(Number(line['state'] ?? 0)) ?? 'RUNNING',
      start: readDate(line['datetime_start']),
      complete: readDate(line['datetime_complete']),
      params: new Map(params),
      values: values.map(finite),
      intermediate: new Map(steps.map(([step, value]) => [Number(step), Number(value)])),
      userAttrs: record(line['user_attrs']),
      systemAttrs: record(line['system_attrs']),
    };
    this.#trials.push(trial);
    this.#study(line)?.trials.push(trial);
  }

  #changeTrial(line: Line): void {
    const trial = this.#trials[Number(line['trial_id'])];
    if (trial === undefined) return;
    const isFinished = trial.state !== 'RUNNING' && trial.state !== 'WAITING';
    if (isFinished) return;
    switch (line['op_code']) {
      case OP.param: {
        const name = String(line['param_name']);
        const distribution = readDistribution(line['distribution'], name);
        trial.params.set(name, { name, value: Number(line['param_value_internal']), distribution });
        return;
      }
      case OP.stateValues:
        trial.state = STATES.get(Number(line['state'])) ?? trial.state;
        if (Array.isArray(line['values'])) trial.values = line['values'].map(finite);
        trial.start = readDate(line['datetime_start']) ?? trial.start;
        trial.complete = readDate(line['datetime_complete']) ?? trial.complete;
        return;
      case OP.intermediate:
        trial.intermediate.set(Number(line['step']), Number(line['intermediate_value']));
        return;
      case OP.trialUserAttr:
        Object.assign(trial.userAttrs, line['user_attr']);
        return;
      case OP.trialSystemAttr:
        Object.assign(trial.systemAttrs, line['system_attr']);
        return;
    }
  }
}

/** Python writes NaN and Infinity, which JSON does not have: such values become null. */
function readLine(text: string, number: number): Line {
  const strict = text.replace(/(?<=[:,[]\s*)(?:NaN|-?Infinity)(?=\s*[,}\]])/g, 'null');
  const line = parseJson(strict, `line ${number} of the journal`);
  if (typeof line !== 'object' || line === null) throw badImport(`line ${number} of the journal is no operation`);
  return line as Line;
}

/** Throws `UserError` BAD_IMPORT (422). A last line without its end was being written and is left out. */
export function readOptunaJournal(text: string, wanted: string | null): StoredStudy {
  const replay = new Replay();
  const lines = text.split('\n').slice(0, -1);
  for (const [i, line] of lines.entries()) if (line.trim() !== '') replay.apply(readLine(line, i + 1));
  const study = chooseStudy(
    replay.studies.filter((each) => each !== null),
    wanted,
  );
  return {
    ...study,
    trials: study.trials.map((trial, number) => ({
      ...trial,
      number,
      params: [...trial.params.values()],
      intermediate: [...trial.intermediate]
        .filter(([, value]) => Number.isFinite(value))
        .map(([step, value]) => ({ step, value }))
        .sort((a, b) => a.step - b.step),
    })),
  };
}
