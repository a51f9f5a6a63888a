/** Trials as a table: a column for every parameter, metric and constraint. */
import type { ParameterSpec } from '../../contract/parameter.ts';
import type { WireTrial } from '../../contract/trial.ts';
import type { StudyState } from '../study-state.ts';
import type { ParquetColumn } from './parquet-file.ts';

export type TrialColumn = ParquetColumn<WireTrial>;

function metricColumns(trials: readonly WireTrial[]): TrialColumn[] {
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
  return [...names].flatMap(([name, has]): TrialColumn[] => [
    { title: `metrics.${name}`, type: 'double', read: (trial) => trial.metrics[name]?.mean },
    ...(
      [
        ['stderr', 'double'],
        ['n', 'int'],
        ['provenance', 'text'],
      ] as const
    )
      .filter(([part]) => has[part])
      .map(([part, type]): TrialColumn => {
        return { title: `metrics.${name}.${part}`, type, read: (trial) => trial.metrics[name]?.[part] };
      }),
  ]);
}

function parameterColumn(parameter: ParameterSpec, trials: readonly WireTrial[]): TrialColumn {
  const { name } = parameter;
  const read = (trial: WireTrial): unknown => trial.params[name];
  // Params that were imported need not be what the study says.
  const kinds = new Set(trials.map((trial) => typeof read(trial)).filter((kind) => kind !== 'undefined'));
  const [kind = 'string'] = kinds;
  const title = `params.${name}`;
  if (kinds.size > 1) return { title, type: 'text', read };
  if (kind === 'number')
    return {
      title,
      type: trials.every((t) => Number.isSafeInteger(read(t) ?? 0)) && parameter.type === 'int' ? 'int' : 'double',
      read,
    };
  return { title, type: kind === 'boolean' ? 'boolean' : 'text', read };
}

export function trialColumns(state: StudyState, trials: readonly WireTrial[]): TrialColumn[] {
  return [
    { title: 'number', type: 'int', read: (trial) => trial.number },
    { title: 'id', type: 'text', read: (trial) => trial.id },
    { title: 'state', type: 'text', read: (trial) => trial.state },
    { title: 'feasible', type: 'boolean', read: (trial) => trial.feasible },
    ...state.record.parameters.map((parameter) => parameterColumn(parameter, trials)),
    ...metricColumns(trials),
    ...state.constraints.map(({ name }): TrialColumn => {
      return { title: `constraints.${name}`, type: 'double', read: (trial) => trial.constraints[name] };
    }),
    { title: 'origin', type: 'text', read: (trial) => trial.why.origin },
    { title: 'attempt', type: 'int', read: (trial) => trial.attempt },
    { title: 'reason', type: 'text', read: (trial) => trial.reason },
    {
      title: 'userAttrs',
      type: 'json',
      read: ({ userAttrs }) => (Object.keys(userAttrs).length === 0 ? undefined : userAttrs),
    },
    { title: 'startedAt', type: 'time', read: (trial) => trial.startedAt },
    { title: 'finishedAt', type: 'time', read: (trial) => trial.finishedAt },
  ];
}
