/**
 * Objectives conflict: who spends less on what is known exactly (bytes, cycles) mostly gets less of what must be measured. So where a
 * number costs the more the larger it is (the width of a layer, a number of bits), a model of what is not known expects to gain by it; how
 * much, it learns. Without that it knows nothing about designs that it has not seen, and asks for the smallest first. A choice
 * between kinds (a number format, a method) is no more and no less of the same, and none is expected of it.
 */
import { createRng } from '../math/rng.ts';
import type { Params } from '../space/parameter.ts';
import { FreshCells } from './fresh-cells.ts';
import type { KnownMetric, SamplerProblem } from './sampler.ts';

/** Random designs on which a parameter is moved to see which way costs go. */
const PROBES = 64;
/** Share of the moves that change a cost which must go the same way. */
const AGREEMENT = 0.95;
/** Turns the distance from the middle of a range into about unit deviation over it. */
const PER_RANGE = Math.sqrt(12);

/** +1 where costs rise with parameter `d`, -1 where they fall, 0 where neither can be said. */
function directionOf(problem: SamplerProblem, d: number, costs: readonly KnownMetric[]): number {
  const { space } = problem;
  const rng = createRng(0, d, 'trade-offs');
  const designs = new FreshCells(problem, []);
  let [rises, falls] = [0, 0];
  for (let i = 0; i < PROBES; i++) {
    const params = designs.sample(rng);
    if (params === null) return 0;
    const unit = space.encode(params);
    const from = unit[d];
    unit[d] = rng.nextFloat();
    const moved = space.decode(unit);
    const step = Math.sign(space.encode(moved)[d] - from);
    for (const cost of costs) {
      const change = step * (cost(moved) - cost(params));
      if (change > 0) rises++;
      if (change < 0) falls++;
    }
  }
  const most = Math.max(rises, falls);
  if (most === 0 || most < AGREEMENT * (rises + falls)) return 0;
  return rises > falls ? 1 : -1;
}

/**
 * One function per number on which known objectives depend in one direction: of about unit deviation, falling where costs rise (turned:
 * smaller is better). None where everything or nothing is known.
 */
export function tradeOffs(problem: SamplerProblem): readonly KnownMetric[] {
  const { space, known, objectives } = problem;
  const costs = objectives.flatMap(({ metric, direction }) => {
    const value = known?.get(metric);
    const sign = direction === 'minimize' ? 1 : -1;
    return value === undefined ? [] : [(params: Params) => sign * value(params)];
  });
  if (costs.length === 0 || costs.length === objectives.length) return [];
  return space.dimensions.flatMap((dimension, d) => {
    if (dimension.kind === 'categorical') return [];
    const direction = directionOf(problem, d, costs);
    if (direction === 0) return [];
    return [
      (params: Params): number => {
        const value = params[dimension.name];
        return value === undefined ? 0 : direction * PER_RANGE * (0.5 - dimension.unitOf(value));
      },
    ];
  });
}
