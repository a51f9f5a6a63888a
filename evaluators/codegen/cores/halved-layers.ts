/** The layers that two cores compute together, for a report. */
import type { Program } from '../program.ts';

/** Node names in the model; empty when one core computes everything. */
export function halvedLayers({ steps, layers }: Program): string[] {
  const halved = new Set(steps.filter(({ beside }) => beside !== undefined).map(({ layer }) => layer));
  return [...halved].map((layer) => layers[layer].name);
}
