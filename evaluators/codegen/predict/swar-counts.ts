/**
 * Loop counts of the kernels for cores without SIMD (runtime-c/src/swar). Their ways are few and known, so the counts are stated: what is
 * done once for a call, a chunk of channels, a row of output, a pixel, a block of channels, a quad of products. Blocks whose quads
 * are summed whole, weights in parts and the like come from `Step.counts`, since the constants decide on them.
 */
import type { Step } from '../program.ts';
import { type Fields, isClamped, nested, numberOf } from './field-values.ts';
import { windowVisits } from './window-visits.ts';

type Counts = Map<string, number>;

function swarConvolution(fields: Fields, ways: Readonly<Record<string, number>>): Counts {
  const g = nested(fields['window']) ?? {};
  const of = (name: string) => numberOf(g, name);
  const channels = numberOf(fields, 'out_c');
  const { quads = 0, quadBlocks = 0, pairBlocks = 0, fourBlocks = 0, runs = 0 } = ways;
  const block = fourBlocks > 0 ? 4 : 2;
  const padded = Math.ceil(channels / block) * block;
  const passes = Math.ceil(padded / Math.max(1, numberOf(fields, 'chunk')));
  const { positions, rows } = windowVisits(g);
  return new Map([
    ['1', 1],
    ['passes', passes],
    ['unpack', quads * padded],
    ['pixels', passes * positions],
    ['pixels quadBlocks', positions * quadBlocks],
    ['pixels quadBlocks quads', positions * quadBlocks * quads],
    ['pixels pairBlocks', positions * pairBlocks],
    ['pixels pairBlocks quads', positions * pairBlocks * quads],
    ['pixels blocks rest', positions * (quadBlocks + pairBlocks + fourBlocks * runs) * (quads % 4 === 0 ? 0 : 1)],
    ['pixels fourBlocks', positions * fourBlocks],
    ['pixels fourBlocks runs', positions * fourBlocks * runs],
    ['pixels fourBlocks quads', positions * fourBlocks * quads],
    ['odd pixels', padded === channels ? 0 : positions],
    ['sum pixels', numberOf(fields, 'field_sum') * passes * positions],
    ['sum quads', numberOf(fields, 'field_sum') * passes * positions * quads],
    ['clamped', isClamped(fields) ? positions * channels : 0],
    ...(numberOf(fields, 'strips') === 1
      ? inStrips(g, passes)
      : inFields(g, passes, of('kernel_h') * of('kernel_w') * of('in_c'), quads)),
    ['rows', passes * rows],
  ]);
}

/** Input unpacked once for a row of output. */
function inStrips(g: Fields, passes: number): Counts {
  const of = (name: string) => numberOf(g, name);
  const columns = (of('out_w') - 1) * of('stride_w') + of('kernel_w');
  const first = Math.min(of('pad_left'), columns);
  const inside = Math.max(0, Math.min(of('pad_left') + of('in_w'), columns) - first);
  const { rowVisits } = windowVisits(g);
  const visits = (passes * rowVisits) / of('out_w');
  const all = passes * of('out_h') * of('kernel_h');
  const border = visits * (columns - inside) + (all - visits) * columns;
  const depth = of('in_c');
  if (depth % 4 === 0) {
    return new Map([
      ['strips', all],
      ['strips pixels', visits * inside],
      ['strips values', visits * inside * depth],
      ['strips border', border],
      ['strips border values', border * depth],
    ]);
  }
  const padded = Math.ceil((of('kernel_h') * depth) / 4);
  return new Map([
    ['byte strips', all],
    ['byte strips pixels', all * columns],
    ['byte strips values', all * columns * depth],
    ['byte strips quads', passes * of('out_h') * columns * padded],
  ]);
}

/** Input unpacked for each pixel. */
function inFields(g: Fields, passes: number, length: number, quads: number): Counts {
  const of = (name: string) => numberOf(g, name);
  const { positions, edges, directRows, sideRows, rowVisits } = windowVisits(g);
  const depth = of('in_c');
  const run = of('kernel_w') * depth;
  const outside = positions * of('kernel_h') - rowVisits;
  const inner = passes * (positions - edges);
  const share = positions === 0 ? 0 : edges / positions;
  const byPlaces = depth % 4 !== 0;
  const rows = (name: string, count: number) =>
    [
      [name, passes * count],
      [`${name} values`, passes * count * run],
    ] as const;
  return new Map([
    ...(byPlaces
      ? ([
          ['places', length],
          ['places pixels', inner],
          ['places quads', inner * quads],
        ] as const)
      : []),
    ...(byPlaces
      ? ([
          ['edges', passes * edges],
          ['edge quads', passes * edges * quads],
        ] as const)
      : rows('direct rows', directRows)),
    ...(byPlaces ? rows('edge rows', directRows * share) : []),
    ...rows('side rows', sideRows),
    ['side columns', passes * sideRows * of('kernel_w')],
    ...rows('outside rows', outside),
  ]);
}

function swarDepthwise(fields: Fields, ways: Readonly<Record<string, number>>): Counts {
  const g = nested(fields['window']) ?? {};
  const of = (name: string) => numberOf(g, name);
  const channels = numberOf(fields, 'channels');
  const { split = 0, lines = 0, pairs = 0 } = ways;
  const halves = Math.ceil(of('out_h') / 2);
  const rows = (halves - 1) * of('stride_h') + of('kernel_h');
  const columns = (of('out_w') - 1) * of('stride_w') + of('kernel_w');
  const inside = Math.max(0, Math.min(of('pad_left') + of('in_w'), columns) - Math.min(of('pad_left'), columns));
  const outputs = halves * of('out_w');
  return new Map([
    ['1', 1],
    ['plane', rows * columns],
    ['channels', channels],
    ['odd channels', (of('out_h') % 2) * channels],
    ['gather rows', channels * rows],
    ['gather', channels * rows * inside],
    ['output rows', channels * halves],
    ['outputs', channels * outputs],
    ['split outputs', split * outputs],
    ['lines', lines * outputs],
    ['line pairs', lines * pairs * outputs],
    ['taps', lines * (2 * pairs + 1)],
    ['clamped', isClamped(fields) ? of('out_h') * of('out_w') * channels : 0],
  ]);
}

function swarProduct(fields: Fields, ways: Readonly<Record<string, number>>): Counts {
  const [rows, length, out] = [numberOf(fields, 'rows'), numberOf(fields, 'in_n'), numberOf(fields, 'out_n')];
  const [quads, blocks] = [Math.ceil(length / 8) * 2, Math.ceil(out / 4)];
  const { parts = 0, exact = 0 } = ways;
  const isSummed = fields['row_sum'] !== null && fields['row_sum'] !== undefined;
  const isSplit = fields['parts'] !== null && fields['parts'] !== undefined;
  return new Map([
    ['1', 1],
    ['rows', rows],
    ['rows quads', rows * quads],
    ['rows copied', length % 8 === 0 ? 0 : rows * length],
    ['rows blocks', rows * blocks],
    ['rows blocks quads', rows * blocks * quads],
    ['rows odd', out % 4 === 0 ? 0 : rows],
    ['rows exact', rows * exact],
    ['rows sums', isSummed ? rows * (blocks * 4 + 3 * quads) : 0],
    ['rows split', isSplit ? rows * blocks * 4 : 0],
    ['rows parts', rows * parts],
    ['clamped', isClamped(fields) ? rows * out : 0],
  ]);
}

/** Undefined for a kernel of another kind. */
export function swarCounts({ params, counts = {} }: Step): Counts | undefined {
  switch (params?.struct) {
    case 'dnnrt_conv2d_swar_t':
      return swarConvolution(params.fields, counts);
    case 'dnnrt_depthwise2d_swar_t':
      return swarDepthwise(params.fields, counts);
    case 'dnnrt_fc_swar_t':
      return swarProduct(params.fields, counts);
    default:
      return undefined;
  }
}
