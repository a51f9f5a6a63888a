/** How often the places of a window fall inside the image, over all output positions. */
import { type Fields, numberOf } from './field-values.ts';

export interface WindowVisits {
  readonly positions: number;
  readonly rows: number;
  /** Kernel rows inside the image, over all positions. */
  readonly rowVisits: number;
  /** Kernel places inside the image, over all positions. */
  readonly taps: number;
  /** Positions whose window sticks out of the image. */
  readonly edges: number;
  /** Kernel rows inside the image whose columns are all inside, or not. */
  readonly directRows: number;
  readonly sideRows: number;
  /** Pixels of the input. */
  readonly pixels: number;
}

interface AxisVisits {
  readonly visits: number;
  /** Of each place of the kernel. */
  readonly each: readonly number[];
  readonly edges: number;
}

function axisVisits(
  out: number,
  kernel: number,
  stride: number,
  dilation: number,
  pad: number,
  size: number,
): AxisVisits {
  const each = new Array<number>(kernel).fill(0);
  let edges = 0;
  for (let o = 0; o < out; o++) {
    let inside = 0;
    for (let k = 0; k < kernel; k++) {
      const at = o * stride - pad + k * dilation;
      if (at < 0 || at >= size) continue;
      inside++;
      each[k] = (each[k] ?? 0) + 1;
    }
    if (inside < kernel) edges++;
  }
  return { visits: each.reduce((sum, count) => sum + count, 0), each, edges };
}

function axes(g: Fields): readonly [AxisVisits, AxisVisits] {
  const of = (name: string) => numberOf(g, name);
  return [
    axisVisits(of('out_h'), of('kernel_h'), of('stride_h'), of('dilation_h'), of('pad_top'), of('in_h')),
    axisVisits(of('out_w'), of('kernel_w'), of('stride_w'), of('dilation_w'), of('pad_left'), of('in_w')),
  ];
}

/** Output positions for which a place of the window [kernel_h × kernel_w] lies inside the image. */
export function tapVisits(g: Fields): number[] {
  const [height, width] = axes(g);
  const batch = numberOf(g, 'batch');
  return height.each.flatMap((rows) => width.each.map((columns) => batch * rows * columns));
}

/** Of the fields of a `dnnrt_window_t`. */
export function windowVisits(g: Fields): WindowVisits {
  const of = (name: string) => numberOf(g, name);
  const [height, width] = axes(g);
  const batch = of('batch');
  const inner = (of('out_h') - height.edges) * (of('out_w') - width.edges);
  return {
    positions: batch * of('out_h') * of('out_w'),
    rows: batch * of('out_h'),
    rowVisits: batch * height.visits * of('out_w'),
    taps: batch * height.visits * width.visits,
    edges: batch * (of('out_h') * of('out_w') - inner),
    directRows: batch * height.visits * (of('out_w') - width.edges),
    sideRows: batch * height.visits * width.edges,
    pixels: batch * of('in_h') * of('in_w'),
  };
}
