/**
 * Units in constraints. A metric carries its unit as the ending of its name (romBytes, latencyUs, energyMj); a number may carry
 * one as a word (1000 kB, 256 KiB, 50 ms, 97 percent) and is converted to the metric's unit.
 */

export type Quantity = 'bytes' | 'time' | 'energy' | 'share';

export interface Unit {
  readonly quantity: Quantity;
  /** In bytes, seconds, joules or 1. */
  readonly size: number;
}

/** Words that may follow a number. kB = 1000 bytes, KiB = 1024 bytes. */
export const UNITS: ReadonlyMap<string, Unit> = new Map([
  ['B', { quantity: 'bytes', size: 1 }],
  ['kB', { quantity: 'bytes', size: 1e3 }],
  ['MB', { quantity: 'bytes', size: 1e6 }],
  ['KiB', { quantity: 'bytes', size: 1024 }],
  ['MiB', { quantity: 'bytes', size: 1048576 }],
  ['ns', { quantity: 'time', size: 1e-9 }],
  ['us', { quantity: 'time', size: 1e-6 }],
  ['ms', { quantity: 'time', size: 1e-3 }],
  ['s', { quantity: 'time', size: 1 }],
  ['nJ', { quantity: 'energy', size: 1e-9 }],
  ['uJ', { quantity: 'energy', size: 1e-6 }],
  ['mJ', { quantity: 'energy', size: 1e-3 }],
  ['J', { quantity: 'energy', size: 1 }],
  ['percent', { quantity: 'share', size: 0.01 }],
]);

const ENDINGS: readonly (readonly [RegExp, Unit])[] = [
  [/(?:^b|B)ytes$/, { quantity: 'bytes', size: 1 }],
  [/KiB$/, { quantity: 'bytes', size: 1024 }],
  [/(?:^n|N)s$/, { quantity: 'time', size: 1e-9 }],
  [/Us$/, { quantity: 'time', size: 1e-6 }],
  [/Ms$/, { quantity: 'time', size: 1e-3 }],
  [/(?:^s|S)econds$/, { quantity: 'time', size: 1 }],
  [/Nj$/, { quantity: 'energy', size: 1e-9 }],
  [/Uj$/, { quantity: 'energy', size: 1e-6 }],
  [/Mj$/, { quantity: 'energy', size: 1e-3 }],
  [/Joules$/, { quantity: 'energy', size: 1 }],
];

/** The unit in a metric's name (`latencyUs@pico` -> microseconds); null where the name has none. */
export function unitOfMetric(metric: string): Unit | null {
  const name = metric.split('@', 1)[0] ?? metric;
  for (const [ending, unit] of ENDINGS) if (ending.test(name)) return unit;
  return null;
}
