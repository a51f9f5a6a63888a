/** A study and its trials as JSON lines and as CSV. */
import type { StudyDefinition } from '../../contract/study.ts';
import type { WireTrial } from '../../contract/trial.ts';
import { toWireTrial } from '../../trial/trial.ts';
import { toDefinition } from '../definition.ts';
import type { StudyState } from '../study-state.ts';

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

interface Column {
  readonly title: string;
  readonly read: (trial: WireTrial) => unknown;
}

function metricColumns(trials: readonly WireTrial[]): Column[] {
  const names = new Map<string, { stderr: boolean; n: boolean; provenance: boolean }>();
  for (const { metrics } of trials)
    for (const [name, metric] of Object.entries(metrics)) {
      const seen = names.get(name) ?? { stderr: false, n: false, provenance: false };
      names.set(name, {
        stderr: seen.stderr || metric.stderr !== undefined,
        n: seen.n || metric.n !== undefined,
        provenance: seen.provenance || metric.provenance !== undefined,
      });
    }
  return [...names].flatMap(([name, has]) => [
    { title: `metrics.${name}`, read: (trial: WireTrial) => trial.metrics[name]?.mean },
    ...(['stderr', 'n', 'provenance'] as const)
      .filter((part) => has[part])
      .map((part) => ({ title: `metrics.${name}.${part}`, read: (trial: WireTrial) => trial.metrics[name]?.[part] })),
  ]);
}

function columns(state: StudyState, trials: readonly WireTrial[]): Column[] {
  return [
    { title: 'number', read: (trial) => trial.number },
    { title: 'id', read: (trial) => trial.id },
    { title: 'state', read: (trial) => trial.state },
    { title: 'feasible', read: (trial) => trial.feasible },
    ...state.record.parameters.map(({ name }) => ({
      title: `params.${name}`,
      read: (trial: WireTrial) => trial.params[name],
    })),
    ...metricColumns(trials),
    ...state.constraints.map(({ name }) => ({
      title: `constraints.${name}`,
      read: (trial: WireTrial) => trial.constraints[name],
    })),
    { title: 'origin', read: (trial) => trial.why.origin },
    { title: 'attempt', read: (trial) => trial.attempt },
    { title: 'reason', read: (trial) => trial.reason },
    { title: 'userAttrs', read: ({ userAttrs }) => (Object.keys(userAttrs).length === 0 ? undefined : userAttrs) },
    { title: 'startedAt', read: (trial) => trial.startedAt },
    { title: 'finishedAt', read: (trial) => trial.finishedAt },
  ];
}

/** RFC 4180 with a header; a column for every parameter, metric and constraint. */
export function* exportCsv(state: StudyState): Generator<string> {
  const trials = state.trials.map((trial) => toWireTrial(state.record.id, trial));
  const all = columns(state, trials);
  yield `${all.map(({ title }) => cell(title)).join(',')}\r\n`;
  for (const trial of trials) yield `${all.map(({ read }) => cell(read(trial))).join(',')}\r\n`;
}
