/** How often the parts of the depthwise kernel with planes of int16 run (runtime-c, dnnrt_depthwise2d_s8_dsp.c), strip by strip. */
import { depthwiseDspStrip, lastApart, walksByColumns } from '../kernels/call-dsp.ts';
import type { WindowFields } from '../lower/window.ts';

const TOGETHER = 2;

/** One axis of a strip: pixels of the input, pixels of the result, borders before. */
interface Axis {
  readonly in: number;
  readonly out: number;
  readonly pad: number;
}

export function walkPlanes(g: WindowFields): ReadonlyMap<string, number> {
  const stride = g.stride_w;
  const depth = g.in_c;
  const groups = Math.floor(depth / 4) * 2;
  const few = depth % 4;
  const counts = new Map<string, number>([['1', 1]]);
  const add = (name: string, count: number) => counts.set(name, (counts.get(name) ?? 0) + count);
  const strip = depthwiseDspStrip(g);
  for (let oh = 0; oh < g.out_h; oh += strip) {
    const made = Math.min(strip, g.out_h - oh);
    const top = oh * stride - g.pad_top;
    const begin = Math.max(0, top);
    const taken = Math.max(0, Math.min(top + (made - 1) * stride + 3, g.in_h) - begin);
    const high: Axis = { in: taken, out: made, pad: begin - top };
    const wide: Axis = { in: g.in_w, out: g.out_w, pad: g.pad_left };
    const [rows, columns] = walksByColumns(g) ? [wide, high] : [high, wide];
    const lead = columns.pad % 2;
    const trail = (columns.in + lead) % 2;
    const pairs = Math.max(0, Math.floor((columns.in - lead) / 2));
    const rest = columns.out % 4;
    const fours = Math.floor(columns.out / 4) + (rest === 3 ? 1 : 0);
    const read = 2 * stride * fours + (rest === 1 || rest === 2 ? stride + 1 : 1);
    const planeWords = Math.max(Math.ceil((columns.pad + columns.in) / 2), read) * TOGETHER;
    add('strips', 1);
    const apart = lastApart(g) ? 1 : 0;
    add('filled words', ((rows.out - apart - 1) * stride + 3) * planeWords);
    add('apart', apart * (groups + few));
    add('apart words', apart * (groups + few) * planeWords);
    add('groups', groups);
    add('gathered rows', groups * rows.in);
    add('gathered twos', groups * rows.in * Math.floor(pairs / 2));
    add('gathered pairs', groups * rows.in * (pairs % 2));
    add('gathered leads', groups * rows.in * lead);
    add('gathered trails', groups * rows.in * trail);
    add('few', few);
    add('few rows', few * rows.in);
    add('few values', few * rows.in * columns.in);
    add('channels', depth);
    add('channel rows', depth * rows.out);
    add('fours', depth * rows.out * fours);
    add('threes', depth * rows.out * (rest === 3 ? 1 : 0));
    add('twos', depth * rows.out * (rest === 2 ? 1 : 0));
    add('ones', depth * rows.out * (rest === 1 ? 1 : 0));
    // Pixels of an odd depth begin at all addresses alike.
    if (depth % 4 !== 0) add('misaligned', groups * rows.in * columns.in * (depth % 2 === 0 ? 0.5 : 1.25));
  }
  return counts;
}
