/** Loop counts of the kernels over encoded weights: decoding depends on the coding, the products on how many weights there are and where (`Step.counts`). */
import { entriesAt } from '../encodings/entry-counts.ts';
import type { Step } from '../program.ts';
import { type Fields, nested, numberOf } from './field-values.ts';
import { tapVisits, windowVisits } from './window-visits.ts';

type Counts = Map<string, number>;
type EntryCounts = Readonly<Record<string, number>>;

function functionOf(weights: Fields, name: string): string {
  const value = weights[name];
  return value !== null && typeof value === 'object' && 'function' in value ? value.function : '';
}

/** Once for each image. */
function decoding(weights: Fields, { entries = 0, fields = 0 }: EntryCounts): Counts {
  const [rows, columns] = [numberOf(weights, 'rows'), numberOf(weights, 'columns')];
  const [places, values] = [functionOf(weights, 'read_places'), functionOf(weights, 'read_values')];
  return new Map([
    ['1', 1],
    ['channels', rows],
    [`channels ${places}`, rows],
    [`columns ${places}`, rows * columns],
    [`entries ${places}`, entries],
    [`fields ${places}`, fields],
    [`entries ${values}`, entries],
  ]);
}

/** Rows of output whose windows lie inside the image. */
function insideRows(g: Fields): number {
  const of = (name: string) => numberOf(g, name);
  const reach = (of('kernel_h') - 1) * of('dilation_h');
  let rows = 0;
  for (let row = 0; row < of('out_h'); row++) {
    const top = row * of('stride_h') - of('pad_top');
    if (top >= 0 && top + reach < of('in_h')) rows++;
  }
  return rows;
}

/** Pixels of a row at once. */
const RUN = 32;

/** `count` neighbouring windows in each of `rows` rows: taken 2 or 4 at a time, by the core, and singly. */
function neighbours(rows: number, count: number, channels: number, entries: number): Counts {
  const counts: Counts = new Map();
  for (const tile of [2, 4]) {
    const single = count % tile;
    const runs = Math.floor(count / RUN) + (count % RUN >= tile ? 1 : 0);
    counts.set(`channels runs/${tile}`, channels * rows * runs);
    counts.set(`channels single/${tile}`, channels * rows * single);
    counts.set(`entries single/${tile}`, entries * rows * single);
    counts.set(`channels tiled/${tile}`, channels * rows * (count - single));
    counts.set(`entries tiled/${tile}`, entries * rows * (count - single));
  }
  return counts;
}

function encodedConvolution(weights: Fields, fields: Fields, stored: EntryCounts): Counts {
  const g = nested(fields['window']) ?? {};
  const channels = numberOf(fields, 'out_c');
  const { positions, edges, taps, rows } = windowVisits(g);
  const of = (name: string) => numberOf(g, name);
  const places = of('kernel_h') * of('kernel_w');
  const inner = positions - edges;
  const innerRows = insideRows(g);
  const { entries = 0 } = stored;
  const edgeEntries = tapVisits(g).reduce(
    (sum, visits, tap) => sum + (visits - inner) * (stored[entriesAt(tap)] ?? 0),
    0,
  );
  return new Map([
    ...decoding(weights, stored),
    ['channels rows', channels * rows],
    ['channels taps', channels * places],
    ...neighbours(innerRows, inner / Math.max(1, innerRows), channels, entries),
    ['channels edges', channels * edges],
    ['channels edge rows', channels * edges * of('kernel_h')],
    ['channels edge places', channels * edges * places],
    ['channels edge taps', channels * (taps - inner * places)],
    ['entries edges', edgeEntries],
  ]);
}

function encodedProduct(weights: Fields, fields: Fields, stored: EntryCounts): Counts {
  const rows = Math.max(1, numberOf(fields, 'rows'));
  return new Map([
    ...decoding(weights, stored),
    ['rows channels', rows * numberOf(weights, 'rows')],
    ['rows entries', rows * (stored['entries'] ?? 0)],
  ]);
}

/** Undefined for a kernel of another kind. */
export function encodedCounts({ params, counts }: Step): Counts | undefined {
  const weights = nested(params?.fields['weights']);
  if (params === undefined || weights === undefined) return undefined;
  const stored = counts ?? {};
  return 'window' in params.fields
    ? encodedConvolution(weights, params.fields, stored)
    : encodedProduct(weights, params.fields, stored);
}
