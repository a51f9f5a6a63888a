/** Hypervolume as points arrive one by one, minimising: what a study's progress curve shows. */
import { Archive3d } from './archive-3d.ts';
import { type Point, weaklyDominates } from './dominance.ts';
import { exclusiveVolume } from './hypervolume.ts';
import { Staircase } from './staircase.ts';

type Adder = (point: Point) => number;

/** Above three objectives the gain is a point's box less what the front covers of it. */
function frontAdder(reference: Point): Adder {
  let front: Point[] = [];
  return (point) => {
    const gain = exclusiveVolume(point, front, reference);
    if (gain > 0) front = [...front.filter((q) => !weaklyDominates(point, q)), Array.from(point)];
    return gain;
  };
}

function createAdder(reference: Point): Adder {
  switch (reference.length) {
    case 2: {
      const staircase = new Staircase(reference[0], reference[1]);
      return (p) => staircase.add(p[0], p[1]);
    }
    case 3: {
      const archive = new Archive3d(reference[0], reference[1], reference[2]);
      return (p) => archive.add(p[0], p[1], p[2]);
    }
    default:
      return frontAdder(reference);
  }
}

/** Keeps the hypervolume of all points added so far: O(log n) per point for m = 2, O(n) for m = 3. */
export class IncrementalHypervolume {
  readonly #add: Adder;
  #value = 0;

  constructor(reference: Point) {
    this.#add = createAdder(reference);
  }

  get value(): number {
    return this.#value;
  }

  /** Adds a point and returns how much the hypervolume grew; 0 for points that are dominated, equal or not below the reference. */
  add(point: Point): number {
    const gain = this.#add(point);
    this.#value += gain;
    return gain;
  }
}

/** Hypervolume after each of `points`, in order; null stands for a trial that does not count (infeasible, failed). */
export function hypervolumeHistory(points: readonly (Point | null)[], reference: Point): Float64Array {
  const running = new IncrementalHypervolume(reference);
  return Float64Array.from(points, (point) => {
    if (point !== null) running.add(point);
    return running.value;
  });
}
