/** `explain STUDY --slice PARAMETER` and `--contour X,Y`: what the models predict through one trial. */
import { EXIT, UserError } from '../../errors.ts';
import type { ApiClient } from '../api-client.ts';
import { answer } from '../command-context.ts';
import { formatMetric, formatNumber } from '../format-values.ts';
import { renderTable } from '../render-table.ts';

export interface PredictionQuestion {
  readonly trial?: string;
  readonly slice?: string;
  readonly contour?: string;
}

interface Prediction {
  readonly mean: number;
  readonly sd: number;
}

interface Axis {
  readonly parameter: string;
  readonly values: readonly (string | number | boolean | null)[];
}

interface SliceAnswer {
  readonly slices: readonly {
    readonly parameter: string;
    readonly at: { readonly trial: string };
    readonly predicted: {
      readonly values: Axis['values'];
      readonly metrics: Readonly<Record<string, readonly Prediction[]>>;
    };
  }[];
}

interface ContourAnswer {
  readonly at: { readonly trial: string };
  readonly x: Axis;
  readonly y: Axis;
  readonly metrics: Readonly<Record<string, readonly (readonly Prediction[])[]>>;
}

/** Values on an axis that fit a terminal. */
const POINTS = 9;
const CONTOUR_POINTS = 6;

const ofAxis = (value: Axis['values'][number]): string =>
  typeof value === 'number' ? formatNumber(value) : String(value);

/** `path` is that of the study. */
export async function explainPredictions(api: ApiClient, path: string, { trial, slice, contour }: PredictionQuestion) {
  const at = trial === undefined ? '' : `&trial=${encodeURIComponent(trial)}`;
  if (slice !== undefined) {
    const query = `param=${encodeURIComponent(slice)}&points=${POINTS}${at}`;
    const found = await api.json<SliceAnswer>('GET', `${path}/slice?${query}`);
    return answer(found, () => renderSlice(found));
  }
  const [x, y, ...more] = (contour ?? '').split(',').map((name) => name.trim());
  if (x === undefined || y === undefined || x === '' || y === '' || more.length > 0)
    throw new UserError({
      code: 'USAGE',
      message: '--contour: expected two parameters, such as width1,learningRate',
      exitCode: EXIT.usage,
    });
  const query = `x=${encodeURIComponent(x)}&y=${encodeURIComponent(y)}&points=${CONTOUR_POINTS}${at}`;
  const found = await api.json<ContourAnswer>('GET', `${path}/contour?${query}`);
  return answer(found, () => renderContour(found));
}

function renderSlice({ slices }: SliceAnswer): string {
  return slices
    .map(({ parameter, at, predicted: { values, metrics } }) => {
      const names = Object.keys(metrics);
      const rows = values.map((value, i) => [
        ofAxis(value),
        ...names.map((name) => {
          const { mean, sd } = metrics[name]?.[i] ?? { mean: Number.NaN, sd: Number.NaN };
          return `${formatMetric(name, { mean })} ± ${formatMetric(name, { mean: sd })}`;
        }),
      ]);
      const head = [parameter, ...names].map((title) => ({ title, align: 'right' as const }));
      return `Through trial ${numberOf(at.trial)}:\n${renderTable(head, rows)}`;
    })
    .join('\n\n');
}

function renderContour({ at, x, y, metrics }: ContourAnswer): string {
  const head = [`${y.parameter} \\ ${x.parameter}`, ...x.values.map(ofAxis)];
  return Object.entries(metrics)
    .map(([name, rows]) => {
      const cells = rows.map((row, i) => [
        ofAxis(y.values[i] ?? null),
        ...row.map(({ mean }) => formatMetric(name, { mean })),
      ]);
      const columns = head.map((title) => ({ title, align: 'right' as const }));
      return `${name} through trial ${numberOf(at.trial)}:\n${renderTable(columns, cells)}`;
    })
    .join('\n\n');
}

/** Ids end with the number. */
const numberOf = (trial: string): string => trial.slice(trial.lastIndexOf('_') + 1);
