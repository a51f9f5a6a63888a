/**
 * How often the parts of the convolution in tiles run (runtime-c, dnnrt_conv2d_dsp.h): its walk over the output is followed step by step, so
 * that borders, rows that are no whole tiles, and words at odd addresses are counted and not estimated.
 */
import type { WindowFields } from '../lower/window.ts';

const PIXELS = 4;

/** The walk of one call, `channels` output channels. */
export interface TileLayer {
  readonly window: WindowFields;
  readonly channels: number;
  /** The last values of 3 kernel rows share a quad. */
  readonly tail: boolean;
  /** The kernel for any weights: the inputs of every tile are summed, and single pixels have no routine of their own. */
  readonly affine: boolean;
}

/** Cycles that words loaded from this address take longer. */
function misalignment(address: number): number {
  return address % 4 === 0 ? 0 : address % 2 === 0 ? 1 : 2;
}

class Walk {
  readonly counts = new Map<string, number>([['1', 1]]);
  readonly #window: WindowFields;
  readonly #tail: number;
  readonly #quads: number;
  readonly #slack: number;
  readonly #plain: boolean;
  readonly #pairs: number;
  readonly #odd: number;
  readonly #affine: boolean;

  constructor({ window, channels, tail, affine }: TileLayer) {
    this.#affine = affine;
    const run = window.kernel_w * window.in_c;
    this.#window = window;
    this.#tail = tail ? 1 : 0;
    this.#quads = tail ? Math.floor(run / 4) : Math.ceil(run / 4);
    this.#slack = tail ? 0 : 4 * this.#quads - run;
    const isPlain = (kernel: number, dilation: number) => kernel === 1 || dilation === 1;
    this.#plain = isPlain(window.kernel_h, window.dilation_h) && isPlain(window.kernel_w, window.dilation_w);
    this.#pairs = Math.ceil(channels / 2);
    this.#odd = channels % 2;
  }

  #add(name: string, count: number): void {
    if (count !== 0) this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  get #fieldQuads(): number {
    return this.#quads * this.#window.kernel_h + this.#tail;
  }

  #isInside(row: number, left: number, pixels: number): boolean {
    const g = this.#window;
    const right = left + (pixels - 1) * g.stride_w + g.kernel_w;
    const below = g.in_h - row - g.kernel_h;
    if (!this.#plain || row < 0 || below < 0 || left < 0 || right > g.in_w) return false;
    return below > 0 || (g.in_w - right) * g.in_c >= this.#slack;
  }

  #tilesInside(row: number, left: number, most: number): number {
    const g = this.#window;
    if (most < 1 || !this.#isInside(row, left, PIXELS)) return 0;
    const fit = Math.floor((Math.floor((g.in_w - g.kernel_w - left) / g.stride_w) + 1) / PIXELS);
    const tiles = Math.min(fit, most);
    return this.#isInside(row, left, tiles * PIXELS) ? tiles : tiles - 1;
  }

  /** Tiles whose fields are widened side by side, from byte `start` of rows of `pitch` bytes. */
  #widen(tiles: number, start: number, pitch: number): void {
    const { kernel_h: rows, stride_w: stride, in_c: depth } = this.#window;
    this.#add('tiles', tiles);
    this.#add('tile rows', tiles * rows);
    this.#add('tile quads', tiles * rows * this.#quads);
    this.#add('tile tails', tiles * this.#tail);
    if (depth % 4 === 0) return;
    for (let pixel = 0; pixel < tiles * PIXELS; pixel++) {
      for (let row = 0; row < rows; row++) {
        this.#add('misaligned', this.#quads * misalignment(start + row * pitch + pixel * stride * depth));
      }
    }
  }

  #multiply(tiles: number): void {
    const steps = 2 * this.#fieldQuads;
    this.#add('pair tiles', tiles * this.#pairs);
    this.#add('pair tile steps', tiles * this.#pairs * steps);
    this.#add('pair tile loops', tiles * this.#pairs * Math.ceil((steps - 1) / 8));
    this.#add('odd tiles', tiles * this.#odd);
    if (!this.#affine) return;
    this.#add('summed tiles', tiles);
    this.#add('summed words', tiles * steps);
    if (this.#slack > 0) this.#add('summed row ends', tiles * this.#window.kernel_h);
  }

  /** One call of the routine that widens runs of bytes. */
  #widenRun(rows: number, quads: number): void {
    this.#add('widened runs', 1);
    this.#add('widened rows', rows);
    this.#add('widened fours', rows * Math.floor(quads / 4));
    this.#add('widened quads', rows * (quads % 4));
  }

  #copy(rows: number, bytes: number): void {
    this.#add('copied rows', rows);
    this.#add('copied words', rows * Math.floor(bytes / 4));
    this.#add('copied bytes', rows * (bytes % 4));
  }

  #taps(row: number, left: number): void {
    const g = this.#window;
    this.#add('tap fields', 1);
    for (let kh = 0; kh < g.kernel_h; kh++) {
      const y = row + kh * g.dilation_h;
      if (y < 0 || y >= g.in_h) {
        this.#add('filled', 1);
        this.#add('filled quads', (g.kernel_w * g.in_c) / 4);
        continue;
      }
      for (let kw = 0; kw < g.kernel_w; kw++) {
        const x = left + kw * g.dilation_w;
        this.#add('taps', 1);
        if (x >= 0 && x < g.in_w) {
          this.#widenRun(1, g.in_c / 4);
        } else {
          this.#add('filled', 1);
          this.#add('filled quads', g.in_c / 4);
        }
      }
    }
  }

  #field(row: number, left: number): void {
    const g = this.#window;
    this.#add('fields', 1);
    if (this.#isInside(row, left, 1)) {
      this.#widenRun(g.kernel_h, this.#quads);
      this.#add('field tails', this.#tail);
    } else if (g.in_c % 4 === 0) {
      this.#taps(row, left);
    } else {
      this.#copy(g.kernel_h * (this.#plain ? 1 : g.kernel_w), this.#plain ? g.kernel_w * g.in_c : g.in_c);
      this.#widenRun(1, this.#fieldQuads);
    }
  }

  #patch(): void {
    const g = this.#window;
    const bytes = ((PIXELS - 1) * g.stride_w + g.kernel_w) * g.in_c;
    const pitch = Math.floor((bytes + 7) / 4) * 4;
    this.#add('patches', 1);
    this.#copy(g.kernel_h, bytes);
    this.#widen(1, 0, pitch);
    this.#multiply(1);
  }

  run(): ReadonlyMap<string, number> {
    const g = this.#window;
    const pitch = g.in_w * g.in_c;
    let [oh, ow] = [0, 0];
    const next = (pixels: number) => {
      ow += pixels;
      if (ow < g.out_w) return;
      ow -= g.out_w;
      oh++;
    };
    const row = () => oh * g.stride_h - g.pad_top;
    const left = () => ow * g.stride_w - g.pad_left;
    for (let pending = g.out_h * g.out_w; pending > 0; ) {
      const tiles = this.#tilesInside(row(), left(), Math.floor((g.out_w - ow) / PIXELS));
      let pixels = pending < PIXELS ? 1 : PIXELS;
      this.#add('calls', 1);
      if (tiles > 0) {
        pixels = tiles * PIXELS;
        this.#widen(tiles, row() * pitch + left() * g.in_c, pitch);
        this.#multiply(tiles);
        next(pixels);
      } else if (ow + PIXELS <= g.out_w && this.#plain && g.in_c % 4 !== 0) {
        this.#patch();
        next(pixels);
      } else {
        for (let i = 0; i < pixels; i++) {
          this.#field(row(), left());
          next(1);
        }
        if (pixels === 1 && !this.#affine) {
          this.#add('single pairs', this.#pairs);
          this.#add('single quads', this.#pairs * this.#fieldQuads);
          this.#add('single loops', this.#pairs * Math.ceil(this.#fieldQuads / 4));
        } else {
          this.#multiply(1);
          this.#add('short tiles', pixels < PIXELS ? 1 : 0);
        }
      }
      pending -= pixels;
    }
    return this.counts;
  }
}

export function walkTiles(layer: TileLayer): ReadonlyMap<string, number> {
  return new Walk(layer).run();
}
