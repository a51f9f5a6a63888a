/**
 * A study as an Optuna journal: one operation per line, as `optuna.storages.journal.JournalFileBackend` reads it (Optuna 4 and 5). A trial is one
 * line, the way Optuna itself adds a trial that is finished already.
 */
import type { StudyState } from '../study-state.ts';
import { OPTUNA_STATE_NUMBERS, type OptunaTrial, optunaStudyAttrs, toOptunaTrial } from './optuna-trial.ts';

const OPERATIONS = { createStudy: 0, studyUserAttr: 2, studySystemAttr: 3, createTrial: 4 } as const;
const DIRECTIONS = { minimize: 1, maximize: 2 } as const;
/** Every operation names who wrote it. */
const WORKER = 'tinypareto';
/** Studies are numbered from 0. */
const STUDY = 0;

function line(operation: keyof typeof OPERATIONS, content: object): string {
  return `${JSON.stringify({ op_code: OPERATIONS[operation], worker_id: WORKER, ...content })}\n`;
}

function trialLine(trial: OptunaTrial): string {
  const { state, start, complete, params, values } = trial;
  return line('createTrial', {
    study_id: STUDY,
    state: OPTUNA_STATE_NUMBERS[state],
    value: values.length === 1 ? values[0] : null,
    values: values.length > 1 ? values : null,
    datetime_start: start?.toISOString() ?? null,
    ...(complete !== null && { datetime_complete: complete.toISOString() }),
    distributions: Object.fromEntries(params.map(({ name, distribution }) => [name, JSON.stringify(distribution)])),
    params: Object.fromEntries(params.map(({ name, value }) => [name, value])),
    user_attrs: trial.userAttrs,
    system_attrs: trial.systemAttrs,
    intermediate_values: Object.fromEntries(trial.intermediate),
  });
}

export function* exportOptunaJournal(state: StudyState): Generator<string> {
  const { record } = state;
  yield line('createStudy', {
    study_name: record.name,
    directions: record.objectives.map(({ direction }) => DIRECTIONS[direction]),
  });
  const { userAttrs, systemAttrs } = optunaStudyAttrs(record);
  for (const [key, value] of Object.entries(userAttrs))
    yield line('studyUserAttr', { study_id: STUDY, user_attr: { [key]: value } });
  for (const [key, value] of Object.entries(systemAttrs))
    yield line('studySystemAttr', { study_id: STUDY, system_attr: { [key]: value } });
  for (const trial of [...state.trials]) yield trialLine(toOptunaTrial(state, trial));
}
