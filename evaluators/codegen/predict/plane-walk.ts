/** How often the parts of the depthwise kernel with planes of int16 run (runtime-c, dnnrt_planes_dsp.h), strip by strip. */
import {
  isThreeByThree,
  lastApart,
  outputsOfRow,
  planeKernel,
  planeSize,
  planeStrip,
  rowWords,
} from '../kernels/depthwise-planes.ts';
import type { WindowFields } from '../lower/window.ts';

/** One axis of a strip: pixels of the input, pixels of the result, borders before. */
interface Axis {
  readonly in: number;
  readonly out: number;
  readonly pad: number;
}

export function walkPlanes(g: WindowFields, channels: number): ReadonlyMap<string, number> {
  const kernel = planeKernel(g);
  const depth = g.in_c;
  const filters = channels / depth;
  const groups = Math.floor(depth / 4) * 2;
  const few = depth % 4;
  const counts = new Map<string, number>([['1', 1]]);
  const add = (name: string, count: number) => counts.set(name, (counts.get(name) ?? 0) + count);
  const strip = planeStrip(g);
  for (let oh = 0; oh < g.out_h; oh += strip) {
    const made = Math.min(strip, g.out_h - oh);
    const top = oh * g.stride_h - g.pad_top;
    const begin = Math.max(0, top);
    const end = top + (made - 1) * g.stride_h + (g.kernel_h - 1) * g.dilation_h + 1;
    const taken = Math.max(0, Math.min(end, g.in_h) - begin);
    const high: Axis = { in: taken, out: made, pad: begin - top };
    const width = (g.out_w - 1) * g.stride_w + (g.kernel_w - 1) * g.dilation_w + 1 - g.pad_left;
    const across = kernel.turned ? Math.max(0, Math.min(width, g.in_w)) : g.in_w;
    const wide: Axis = { in: across, out: g.out_w, pad: g.pad_left };
    const [rows, columns] = kernel.turned ? [wide, high] : [high, wide];
    const lead = columns.pad % 2;
    const trail = (columns.in + lead) % 2;
    const pairs = Math.max(0, Math.floor((columns.in - lead) / 2));
    const { sixes, rest } = outputsOfRow(columns.out);
    const twos = rest > 0 ? 1 : 0;
    const planes = planeSize(g, made, high.pad, taken);
    add('strips', 1);
    add('filled words', (planes.rows * planes.rowBytes) / 4);
    const apart = lastApart(g) ? groups + few : 0;
    add('apart', apart);
    add('apart words', (apart * planes.rowBytes) / 4);
    add('groups', groups);
    add('gathered rows', groups * rows.in);
    add('gathered twos', groups * rows.in * Math.floor(pairs / 2));
    add('gathered pairs', groups * rows.in * (pairs % 2));
    add('gathered leads', groups * rows.in * lead);
    add('gathered trails', groups * rows.in * trail);
    add('few', few);
    add('few rows', few * rows.in);
    add('few values', few * rows.in * columns.in);
    add('walks', filters === 1 ? groups + few : channels);
    add('channels', channels);
    add('channel rows', channels * rows.out);
    add('sixes', channels * rows.out * sixes);
    add('lacking', channels * rows.out * Math.max(0, -rest));
    add('twos', channels * rows.out * twos);
    add('ones', channels * rows.out * (rest === 1 ? 1 : 0));
    if (!isThreeByThree(g)) {
      const words = rowWords(kernel);
      add('six rows', channels * rows.out * sixes * kernel.rows);
      add('six words', channels * rows.out * sixes * kernel.rows * words);
      add('two rows', channels * rows.out * twos * kernel.rows);
      add('two words', channels * rows.out * twos * kernel.rows * words);
    }
    // Pixels of an odd depth begin at all addresses alike.
    if (depth % 4 !== 0) add('misaligned', groups * rows.in * columns.in * (depth % 2 === 0 ? 0.5 : 1.25));
  }
  return counts;
}
