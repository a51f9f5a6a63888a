/** The table of docs/optimizer.md from the result of the bench `samplers`: a row per method, a column per problem. */
import type { BenchResult } from '../bench-result.ts';
import type { SamplerRow } from '../samplers.ts';

const START = '<!-- samplers: written by `npm run benchmarks` -->';
const END = '<!-- end of samplers -->';

function figure({ medianShare, medianRegret, smallestShare, largestRegret }: SamplerRow): string {
  const [middle, worst] = medianShare === null ? [medianRegret, largestRegret] : [medianShare, smallestShare];
  if (middle === null) return '–';
  const digits = (value: number): string => (medianShare === null ? value.toPrecision(2) : value.toFixed(4));
  return worst === null ? digits(middle) : `${digits(middle)} (${digits(worst)})`;
}

function table(rows: readonly SamplerRow[]): string {
  const problems = [...new Set(rows.map(({ problem }) => problem))];
  const methods = [...new Set(rows.map(({ method }) => method))];
  const lines = methods.map((method) => {
    const cells = problems.map((problem) => {
      const row = rows.find((each) => each.problem === problem && each.method === method);
      return row === undefined ? '–' : figure(row);
    });
    return [method, ...cells];
  });
  return [['', ...problems], ['', ...problems].map(() => '---'), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The page with the table between its marks replaced; unchanged where there are no marks. */
export function withSamplerTable(page: string, { details }: BenchResult): string {
  const { rows } = details as { readonly rows: readonly SamplerRow[] };
  const several = table(rows.filter(({ medianShare }) => medianShare !== null));
  const single = table(rows.filter(({ medianRegret }) => medianRegret !== null));
  const text = `${START}\nShare of the best known hypervolume:\n\n${several}\n\nDistance to the optimum, one objective:\n\n${single}\n${END}`;
  const [from, to] = [page.indexOf(START), page.indexOf(END)];
  return from < 0 || to < from ? page : page.slice(0, from) + text + page.slice(to + END.length);
}
