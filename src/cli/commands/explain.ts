/** `explain STUDY`: what a study has taught. `explain STUDY --trial N`: why that trial was tried, and how well it was foretold. */
import type { Command } from 'commander';
import type { StudyView } from '../../contract/study.ts';
import type { WireTrial } from '../../contract/trial.ts';
import { UserError } from '../../errors.ts';
import type { ApiClient } from '../api-client.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatMetric, formatNumber, formatParams } from '../format-values.ts';
import { type ApiOptions, withApiOptions } from '../open-api.ts';
import { renderTable } from '../render-table.ts';
import { allPages, withApi } from '../with-api.ts';

interface Indices {
  readonly parameter: string;
  readonly alone: number;
  readonly total: number;
}

interface Explanation {
  readonly importance: {
    readonly metrics: Readonly<Record<string, readonly Indices[]>>;
    readonly hypervolume: readonly Indices[] | null;
  };
  readonly calibration: {
    readonly summary: readonly {
      readonly metric: string;
      readonly count: number;
      readonly explainedVariance: number;
      readonly coverage95: number;
    }[];
  };
  readonly health: { readonly findings: readonly { readonly severity: string; readonly message: string }[] };
}

/** Values of a learning curve that fit a line. */
const CURVE_VALUES = 10;

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export function addExplainCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('explain'))
    .description(
      'which parameters matter, how well the models foretell, what looks wrong; with --trial why it was tried',
    )
    .argument('<study>', 'name or id')
    .option('--trial <n>', 'number of a trial')
    .action((name: string, options: ApiOptions & { readonly trial?: string }, command: Command) =>
      run(command, () =>
        withApi(options, async (api) => {
          const path = `/v1/studies/${encodeURIComponent(name)}`;
          if (options.trial !== undefined) {
            const trial = await findTrial(api, path, options.trial);
            return answer(trial, () => renderTrial(trial));
          }
          const study = await api.json<StudyView>('GET', path);
          const explanation: Explanation = {
            importance: await api.json('GET', `${path}/importance`),
            calibration: await api.json('GET', `${path}/calibration`),
            health: await api.json('GET', `${path}/health`),
          };
          return answer({ study: study.id, ...explanation }, () => renderStudy(explanation));
        }),
      ),
    );
}

async function findTrial(api: ApiClient, path: string, number: string): Promise<WireTrial> {
  const after = Number(number) - 1;
  if (!Number.isSafeInteger(after))
    throw new UserError({ code: 'BAD_VALUE', message: `--trial: expected a number, got "${number}"`, exitCode: 2 });
  const [trial] = await allPages<WireTrial>(api, `${path}/trials?limit=1&after=${after}`, 1);
  if (trial?.number === after + 1) return trial;
  throw new UserError({ code: 'TRIAL_NOT_FOUND', message: `the study has no trial ${number}`, exitCode: 66 });
}

function renderTrial(trial: WireTrial): string {
  const { why, metrics } = trial;
  const predicted = why.predicted ?? {};
  const names = [...new Set([...Object.keys(predicted), ...Object.keys(metrics)])];
  const rows = names.map((name) => {
    const foretold = predicted[name];
    return [
      name,
      foretold === undefined
        ? '–'
        : `${formatMetric(name, { mean: foretold.mean })} ± ${formatMetric(name, { mean: foretold.sd })}`,
      formatMetric(name, metrics[name]),
    ];
  });
  return [
    `trial ${trial.number}: ${trial.state}${trial.reason === null ? '' : `, ${trial.reason}`}`,
    formatParams(trial.params),
    `origin ${why.origin}${why.acquisition === undefined ? '' : `, acquisition ${formatNumber(why.acquisition)}`}`,
    ...(why.note === undefined ? [] : [why.note]),
    ...renderCurve(trial),
    ...(rows.length === 0
      ? []
      : [
          '',
          renderTable(
            [{ title: 'metric' }, { title: 'predicted', align: 'right' }, { title: 'told', align: 'right' }],
            rows,
          ),
        ]),
  ].join('\n');
}

/** What the trial reported while it ran; of a long curve ten values. */
function renderCurve({ intermediate = [] }: WireTrial): string[] {
  const every = Math.max(1, Math.ceil(intermediate.length / CURVE_VALUES));
  const shown = intermediate.filter((_, i) => (intermediate.length - 1 - i) % every === 0);
  const names = [...new Set(shown.flatMap(({ metrics }) => Object.keys(metrics)))];
  return names.map((name) => {
    const values = shown.flatMap(({ step, metrics }) => {
      const mean = metrics[name];
      return mean === undefined ? [] : [`${step}: ${formatMetric(name, { mean })}`];
    });
    return `${name} by step ${values.join(', ')}`;
  });
}

function renderStudy({ importance, calibration, health }: Explanation): string {
  const outputs = Object.entries(importance.metrics);
  if (importance.hypervolume !== null) outputs.push(['hypervolume', importance.hypervolume]);
  const parameters = outputs[0]?.[1].map(({ parameter }) => parameter) ?? [];
  const parts: string[] = [];
  if (outputs.length > 0)
    parts.push(
      'Share of the variance in which a parameter has a hand:',
      renderTable(
        [{ title: 'parameter' }, ...outputs.map(([title]) => ({ title, align: 'right' as const }))],
        parameters.map((parameter, i) => [parameter, ...outputs.map(([, list]) => percent(list[i]?.total ?? 0))]),
      ),
      '',
    );
  if (calibration.summary.length > 0)
    parts.push(
      'Each trial foretold by the others:',
      renderTable(
        [
          { title: 'metric' },
          { title: 'trials', align: 'right' },
          { title: 'variance explained', align: 'right' },
          { title: 'inside 95 %', align: 'right' },
        ],
        calibration.summary.map(({ metric, count, explainedVariance, coverage95 }) => [
          metric,
          String(count),
          percent(explainedVariance),
          percent(coverage95),
        ]),
      ),
      '',
    );
  const findings = health.findings.map(({ severity, message }) => `${severity}: ${message}`);
  return [...parts, ...(findings.length > 0 ? findings : ['nothing looks wrong'])].join('\n');
}
