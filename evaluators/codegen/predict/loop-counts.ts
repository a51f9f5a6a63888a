/**
 * How often the loops of a kernel run, from the parameters of its call alone. A kernel's time is a weighted sum of such counts: how
 * often each loop nest is entered, with how many rounds, of whole tiles and of what is left over. Which counts matter is not stated
 * by hand: the weights are fitted to measured cycles (scripts/measure-kernel-cycles.ts) and most come out as zero.
 *
 * A count is a product of one factor per loop level: positions × channels × length, each level offering the loop count itself and its
 * tiles of 2, 4 and 8.
 */
import { sharesTails } from '../kernels/pack-weights-dsp.ts';
import type { WindowFields } from '../lower/window.ts';
import type { Program, Step } from '../program.ts';
import { encodedCounts } from './encoded-counts.ts';
import { type Fields, isClamped, nested, numberOf } from './field-values.ts';
import { matmulCounts } from './matmul-counts.ts';
import { walkPlanes } from './plane-walk.ts';
import { swarCounts } from './swar-counts.ts';
import { walkTiles } from './tile-walk.ts';
import { windowVisits } from './window-visits.ts';

/** Name of a count -> how often. Every kernel has `1`. */
export type LoopCounts = ReadonlyMap<string, number>;

type Level = Readonly<Record<string, number>>;

/** A loop of `n` rounds as it is, in whole tiles, and the rounds left over. */
function tiled(name: string, n: number, tiles: readonly number[]): Level {
  const level: Record<string, number> = { [name]: n };
  for (const tile of tiles) {
    level[`${name}/${tile}`] = Math.ceil(n / tile);
    level[`${name}%${tile}`] = n % tile;
  }
  return level;
}

const ONE: Level = { '1': 1 };

/** All products of one factor per level. */
function products(...levels: readonly Level[]): Map<string, number> {
  let sums = new Map<string, number>([['1', 1]]);
  for (const level of levels) {
    const next = new Map<string, number>();
    for (const [name, count] of sums) {
      for (const [factor, times] of Object.entries(level)) {
        const joined = name === '1' ? factor : factor === '1' ? name : `${name} ${factor}`;
        next.set(joined, count * times);
      }
    }
    sums = next;
  }
  return sums;
}

/** Convolutions: positions × output channels × length of a window, kernel rows × their length, strips of input rows × channels. */
function convolution(fields: Fields): Map<string, number> {
  const g = nested(fields['window']) ?? {};
  const window = windowVisits(g);
  const channels = numberOf(g, 'in_c');
  const depth = channels / Math.max(1, numberOf(fields, 'groups'));
  const [height, width] = [numberOf(g, 'kernel_h'), numberOf(g, 'kernel_w')];
  const { positions, edges, rowVisits, directRows, sideRows, taps, rows, pixels } = window;
  const out = tiled('oc', numberOf(fields, 'out_c'), [2, 4]);
  const places = {
    ...tiled('positions', positions, [2, 4]),
    edges,
  };
  const passes = passesOf(fields);
  const kernelRows = {
    directRows: passes * directRows,
    sideRows: passes * sideRows,
    outsideRows: passes * (positions * height - rowVisits),
  };
  const strips = Math.ceil(numberOf(g, 'out_h') / STRIP);
  const gathered = (rows - strips) * numberOf(g, 'stride_h') + strips * height;
  return new Map([
    ['1', 1],
    ...products(places, { ...ONE, ...out }, { ...ONE, ...tiled('length', height * width * depth, [2, 4, 16]) }),
    ...products({ passes, fields: passes * positions }, { ...ONE, ...tiled('length', height * width * depth, [4]) }),
    ...products(kernelRows, { ...ONE, width, ...tiled('run', width * depth, [4, 16]) }),
    ...products(
      { taps, rowVisits },
      { ...ONE, oc: numberOf(fields, 'out_c') },
      { ...ONE, ...tiled('depth', depth, [2, 4]) },
    ),
    ...products({ rows, pixels }, { ...ONE, oc: numberOf(fields, 'out_c'), ic: channels }),
    ...products(
      { strips, gathered },
      { ...ONE, ...tiled('ic', channels, [2, 4]) },
      { ...ONE, in_w: numberOf(g, 'in_w') },
    ),
    ...products(out, { ...ONE, length: height * width * depth }),
    ...(isClamped(fields) ? products({ 'clamped positions': positions }, { ...ONE, ...out }) : []),
  ]);
}

/** Kernels whose walk is followed. */
const AFFINE = 'dnnrt_conv2d_affine_s8_dsp';
const IN_TILES: ReadonlySet<string> = new Set([AFFINE, 'dnnrt_conv2d_s8_dsp', 'dnnrt_conv2d_s16_dsp']);
const IN_PLANES: ReadonlySet<string> = new Set(['dnnrt_depthwise2d_s8_dsp', 'dnnrt_depthwise2d_taps_s8_dsp']);

function followed(kernel: string, fields: Fields): LoopCounts | undefined {
  // Lowering fills every member with a number.
  const window = nested(fields['window']) as unknown as WindowFields;
  const inTiles = IN_TILES.has(kernel);
  if (!inTiles && !IN_PLANES.has(kernel)) return undefined;
  const channels = numberOf(fields, 'out_c');
  const affine = kernel === AFFINE;
  const tail = !affine && sharesTails(window.kernel_h, window.kernel_w * window.in_c);
  const counts = new Map(inTiles ? walkTiles({ window, channels, tail, affine }) : walkPlanes(window, channels));
  if (isClamped(fields)) counts.set('clamped', window.out_h * window.out_w * channels);
  return counts;
}

/** How often the input is gone through: once, or once for each chunk of output channels. */
function passesOf(fields: Fields): number {
  const chunk = numberOf(fields, 'chunk');
  return chunk === 0 ? 1 : Math.ceil(numberOf(fields, 'out_c') / chunk);
}

/** Rows of output that kernels gather input for at once. */
const STRIP = 8;

/**
 * What makes a kernel take another way through its code, so that other counts hold: kernel rows that are no whole words,
 * channels that are none, input unpacked row by row, the stride of a depthwise convolution. Empty for the usual way.
 */
export function loopMode({ params, counts, kernel }: Step): string {
  if (IN_TILES.has(kernel)) return '';
  // Four neighbours are summed at once.
  if (kernel === 'dnnrt_mean_s8') return numberOf(params?.fields ?? {}, 'inner') % 4 === 0 ? '' : 'ragged';
  const g = nested(params?.fields['window']);
  if (params === undefined || g === undefined || counts !== undefined || !('weights' in params.fields)) return '';
  const depthwise = numberOf(params.fields, 'groups') > 1 || !('out_c' in params.fields);
  if (depthwise) return numberOf(g, 'stride_w') === 2 ? 'stride 2' : '';
  return (numberOf(g, 'kernel_w') * numberOf(g, 'in_c')) % 4 === 0 ? '' : 'ragged';
}

/** Pools and depthwise kernels that go plane by plane: every channel of every position, of every input pixel, of pairs of rows. */
function pool(g: Fields): Map<string, number> {
  const window = windowVisits(g);
  const of = (name: string) => numberOf(g, name);
  const width = (of('out_w') - 1) * of('stride_w') + of('kernel_w');
  const level = {
    ...window,
    rowPairs: of('batch') * Math.ceil(of('out_h') / 2) * of('out_w'),
    oddRow: (of('out_h') % 2) * of('out_w'),
    columns: of('batch') * width,
    planes: of('batch'),
    placed: window.positions * (of('kernel_h') + of('kernel_w')),
  };
  return new Map([['1', 1], ...products(level, { ...ONE, ...tiled('ic', of('in_c'), [4]) })]);
}

function product(fields: Fields): Map<string, number> {
  const rows = { rows: numberOf(fields, 'rows') };
  const channels = tiled('oc', numberOf(fields, 'out_n'), [2, 4, 8]);
  const length = tiled('length', numberOf(fields, 'in_n'), [2, 4, 8]);
  return new Map([
    ['1', 1],
    ...products(rows, { ...ONE, ...channels }, { ...ONE, ...length }),
    ...products(channels, { ...ONE, ...length }),
  ]);
}

/** Strided loops over up to six axes: how often each level is entered; the innermost runs apart. */
function nest(fields: Fields): Map<string, number> {
  const shape = fields['shape'];
  const sizes = (Array.isArray(shape) ? (shape as readonly number[]) : []).slice(
    0,
    Math.max(1, numberOf(fields, 'rank')),
  );
  const counts = new Map<string, number>([['1', 1]]);
  let entered = 1;
  sizes.toReversed().forEach((_size, level) => {
    entered = sizes.slice(0, sizes.length - level).reduce((count, size) => count * size, 1);
    counts.set(`level${level}`, entered);
  });
  const inner = sizes.at(-1) ?? 1;
  counts.set('level0%4', ((counts.get('level0') ?? 0) / Math.max(1, inner)) * (inner % 4));
  return counts;
}

/** Runs of bytes: single ones, and longer ones by words where everything is a multiple of 4. */
function runs(fields: Fields): Map<string, number> {
  const of = (name: string) => numberOf(fields, name);
  const [rows, columns, run] = [of('rows'), of('columns'), of('run')];
  const steps = ['run', 'x_row', 'x_step', 'y_row', 'y_step', 'x_offset', 'y_offset'];
  const level = steps.every((name) => of(name) % 4 === 0)
    ? { 'word runs': 1, 'words/4': Math.floor(run / 16), 'words%4': (run / 4) % 4 }
    : run === 1
      ? { bytes: 1 }
      : { 'byte runs': 1, 'run bytes': run };
  return new Map([['1', 1], ['rows', rows], ...products({ runs: rows * columns }, level)]);
}

/** [outer, n, inner]. */
function axis(fields: Fields): Map<string, number> {
  const [outer, n, inner] = [numberOf(fields, 'outer'), numberOf(fields, 'n'), numberOf(fields, 'inner')];
  return new Map([['1', 1], ...products({ outer }, { ...ONE, inner }, { ...ONE, n })]);
}

function recurrent(fields: Fields): Map<string, number> {
  const of = (name: string) => numberOf(fields, name);
  const hidden = { ...ONE, hidden: of('hidden') };
  const cells = { cells: of('steps') * of('batch') * Math.max(1, of('directions')) };
  return new Map([['1', 1], ...products(cells, hidden, { ...ONE, in: of('in_n'), hidden: of('hidden') })]);
}

/** Everything else: numbers among arguments and parameters, elements read and written. */
function plain(step: Step, program: Pick<Program, 'buffers'>): Map<string, number> {
  const elements = new Map(program.buffers.map((buffer) => [buffer.id, buffer.elements]));
  const fields = step.params?.fields ?? {};
  const n = numberOf(fields, 'n') || integerArgument(step);
  const isPart = step.patch !== undefined || step.beside !== undefined;
  const size = (ids: readonly string[]) =>
    // A patch or half reads and writes as many elements of each buffer as it counts.
    ids.reduce((sum, id) => sum + (isPart ? n : (elements.get(id) ?? 0)), 0);
  const counts = new Map([
    ['1', 1],
    ['read', size(step.reads)],
    ['written', size(step.writes)],
  ]);
  for (const [name, count] of Object.entries(tiled('n', n, [4]))) counts.set(name, count);
  return counts;
}

function integerArgument(step: Step): number {
  return step.args.reduce((most, argument) => (argument.kind === 'integer' ? Math.max(most, argument.value) : most), 0);
}

export function loopCounts(step: Step, program: Pick<Program, 'buffers'>): LoopCounts {
  const { params } = step;
  const stated = swarCounts(step) ?? encodedCounts(step) ?? matmulCounts(step);
  if (stated !== undefined) return stated;
  if (params === undefined) return plain(step, program);
  const { struct, fields } = params;
  const counts = followed(step.kernel, fields);
  if (counts !== undefined) return counts;
  if (struct === 'dnnrt_runs_t') return runs(fields);
  if ('window' in fields && 'out_c' in fields) return convolution(fields);
  if (struct === 'dnnrt_window_t') return pool(fields);
  if ('window' in fields) return pool(nested(fields['window']) ?? {});
  if ('out_n' in fields && 'in_n' in fields && 'rows' in fields) return product(fields);
  if ('shape' in fields && 'rank' in fields) return nest(fields);
  if ('broadcast' in fields) return nest(nested(fields['broadcast']) ?? {});
  if ('outer' in fields && 'inner' in fields && 'n' in fields) return axis(fields);
  if ('hidden' in fields) return recurrent(fields);
  return plain(step, program);
}
