/** A study and its trials as JSON lines, as CSV and as Parquet. */
import type { StudyDefinition } from '../../contract/study.ts';
import { toWireTrial } from '../../trial/trial.ts';
import { toDefinition } from '../definition.ts';
import type { StudyState } from '../study-state.ts';
import { parquetFile } from './parquet-file.ts';
import { trialColumns } from './trial-columns.ts';

/** What the first line of a JSONL export has beside its trial; alone on the line where there is no trial. */
export interface JsonlHeader {
  readonly definition: StudyDefinition;
  readonly parameters: StudyState['record']['parameters'];
}

/** One trial per line. The first line also carries the study's definition, so that the file can be imported. */
export function* exportJsonl(state: StudyState): Generator<string> {
  const header: JsonlHeader = { definition: toDefinition(state.record), parameters: state.record.parameters };
  if (state.trials.length === 0) yield `${JSON.stringify(header)}\n`;
  for (const trial of state.trials) {
    const wire = toWireTrial(state.record.id, trial);
    yield `${JSON.stringify(trial.number === 0 ? { ...wire, ...header } : wire)}\n`;
  }
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  // A leading = + - @ makes spreadsheets run text as a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** RFC 4180 with a header; a column for every parameter, metric and constraint. */
export function* exportCsv(state: StudyState): Generator<string> {
  const trials = state.trials.map((trial) => toWireTrial(state.record.id, trial));
  const all = trialColumns(state, trials);
  yield `${all.map(({ title }) => cell(title)).join(',')}\r\n`;
  for (const trial of trials) yield `${all.map(({ read }) => cell(read(trial))).join(',')}\r\n`;
}

/** The same columns with their types. */
export function* exportParquet(state: StudyState): Generator<Uint8Array> {
  const trials = state.trials.map((trial) => toWireTrial(state.record.id, trial));
  yield parquetFile(trialColumns(state, trials), trials);
}
