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
import { explainPredictions, type PredictionQuestion } from './explain-predictions.ts';

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

interface ExplainOptions extends ApiOptions, PredictionQuestion {}

/** Values of a learning curve that fit a line. */
const CURVE_VALUES = 10;

/** Share of the variance that a model explains below which what it says of parameters is hardly more than chance. */
const FAIR_MODEL = 0.3;

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;

export function addExplainCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('explain'))
    .description(
      'which parameters matter, how well the models foretell, what looks wrong; with --trial why it was tried; with --slice or --contour what the models predict',
    )
    .argument('<study>', 'name or id')
    .option('--trial <n>', 'number of a trial; with --slice and --contour the one that predictions go through')
    .option('--slice <parameter>', 'predictions of every metric along a parameter')
    .option('--contour <x,y>', 'predictions of every metric over two parameters')
    .action((name: string, options: ExplainOptions, command: Command) =>
      run(command, () =>
        withApi(options, async (api) => {
          const path = `/v1/studies/${encodeURIComponent(name)}`;
          if (options.slice !== undefined || options.contour !== undefined)
            return explainPredictions(api, path, options);
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
      formatTold(name, metrics[name]),
    ];
  });
  const told = trial.state === 'pruned' ? 'told (forecast)' : 'told';
  return [
    `trial ${trial.number}: ${trial.state}${trial.reason === null ? '' : `, ${trial.reason}`}`,
    formatParams(trial.params),
    `origin ${why.origin}${why.acquisition === undefined ? '' : `, acquisition ${formatNumber(why.acquisition)}`}`,
    ...(why.note === undefined ? [] : [why.note]),
    ...(why.unseen === undefined ? [] : [`made ahead, before the results of trials ${why.unseen.join(', ')}`]),
    ...renderCurve(trial),
    ...(rows.length === 0
      ? []
      : [
          '',
          renderTable(
            [{ title: 'metric' }, { title: 'predicted', align: 'right' }, { title: told, align: 'right' }],
            rows,
          ),
        ]),
  ].join('\n');
}

/** With its standard error where that shows. */
function formatTold(name: string, metric: WireTrial['metrics'][string] | undefined): string {
  const text = formatMetric(name, metric);
  const error = formatMetric(name, { mean: metric?.stderr ?? 0 });
  return error === formatMetric(name, { mean: 0 }) ? text : `${text} ± ${error}`;
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
      ...calibration.summary
        .filter(({ explainedVariance }) => explainedVariance < FAIR_MODEL)
        .map(({ metric }) => `(the model of ${metric} explains too little for its shares to mean much)`),
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
