/**
 * Chooses between assignments of widths that all meet a pruning target, by short trainings judged on held-out training samples (in the
 * spirit of NetAdapt, Yang et al., ECCV 2018: what a layer is worth shows after a little training, not in its weights alone). A local search:
 * one layer at a time is given more or less, the others make up for it; the best neighbours are searched again; the best few are trained longer.
 */

/** One way to meet the target: structures kept by layer name. */
export interface WidthCandidate {
  readonly widths: ReadonlyMap<string, number>;
}

export interface WidthSearch<T extends WidthCandidate> {
  /** Layers that may differ, one for each group of layers that shrink together, with their sizes before pruning. */
  readonly layers: ReadonlyMap<string, number>;
  /** Candidates that are trained at most. */
  readonly tries: number;
  /** The assignment that meets the target with one layer's width given (none: the heuristic's own); null when there is none. */
  readonly fit: (fixed: ReadonlyMap<string, number>) => Promise<T | null>;
  /** Loss on held-out samples after a training of `share` of a try; smaller is better. */
  readonly judge: (candidate: T, share: number) => Promise<number>;
  /** Uniform numbers in [0, 1). */
  readonly random: () => number;
}

/** A layer's width, in shares of what it has, that neighbours try. */
const FACTORS = [0.6, 0.8, 1.25, 1.6];
/** Candidates that are trained longer at the end, and by how much. */
const FINALISTS = 3;
const LONGER = 3;

interface Judged<T> {
  readonly candidate: T;
  readonly loss: number;
}

function keyOf({ widths }: WidthCandidate): string {
  return [...widths].map(([name, width]) => `${name}=${width}`).join();
}

function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const keys = new Map(list.map((each) => [each, random()]));
  return list.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0));
}

/** One layer's width changed, in random order. */
function neighbours<T extends WidthCandidate>(search: WidthSearch<T>, { widths }: T): ReadonlyMap<string, number>[] {
  const fixed = [...search.layers].flatMap(([name, size]) => {
    const width = widths.get(name);
    if (width === undefined) return [];
    const others = FACTORS.map((factor) => {
      const next = Math.round(width * factor);
      return Math.max(1, Math.min(size, next === width ? width + Math.sign(factor - 1) : next));
    });
    return [...new Set(others)].filter((other) => other !== width).map((other) => new Map([[name, other]]));
  });
  return shuffled(fixed, search.random);
}

/** The best candidate found; the first one where nothing else meets the target. Rejects as `fit` and `judge` do. */
export async function chooseWidths<T extends WidthCandidate>(search: WidthSearch<T>): Promise<T> {
  const first = await search.fit(new Map());
  if (first === null) throw new RangeError('the target cannot be met');
  const known = new Map<string, Judged<T>>();
  const tryOne = async (candidate: T): Promise<void> => {
    const key = keyOf(candidate);
    if (!known.has(key)) known.set(key, { candidate, loss: await search.judge(candidate, 1) });
  };
  const best = (): Judged<T>[] => [...known.values()].sort((a, b) => a.loss - b.loss);
  await tryOne(first);
  // Half around the heuristic's choice, half around the best of those.
  for (const limit of [Math.ceil(search.tries / 2), search.tries]) {
    const [{ candidate: centre }] = best();
    for (const fixed of neighbours(search, centre)) {
      if (known.size >= limit) break;
      const candidate = await search.fit(fixed);
      if (candidate !== null) await tryOne(candidate);
    }
  }
  const finalists = best().slice(0, FINALISTS);
  if (finalists.length === 1) return finalists[0].candidate;
  const longer: Judged<T>[] = [];
  for (const { candidate } of finalists) longer.push({ candidate, loss: await search.judge(candidate, LONGER) });
  return longer.reduce((a, b) => (b.loss < a.loss ? b : a)).candidate;
}
