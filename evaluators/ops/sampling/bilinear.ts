/** A value between four elements of an image; nothing outside. */
import type { NumberArray } from '../elements.ts';

export interface Plane {
  readonly data: NumberArray;
  readonly start: number;
  readonly height: number;
  readonly width: number;
}

/** The four elements around (y, x) with their weights; those outside are 0. */
export function corners({ data, start, height, width }: Plane, y: number, x: number): number[] {
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [dy, dx] = [y - top, x - left];
  const at = (row: number, column: number) =>
    row < 0 || row >= height || column < 0 || column >= width ? 0 : data[start + row * width + column];
  return [
    (1 - dy) * (1 - dx) * at(top, left),
    (1 - dy) * dx * at(top, left + 1),
    dy * (1 - dx) * at(top + 1, left),
    dy * dx * at(top + 1, left + 1),
  ];
}
