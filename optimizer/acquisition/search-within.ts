/** A search among points that differ from one point in some parameters only. */
import type { Params } from '../space/parameter.ts';
import { createSearchSpace } from '../space/search-space.ts';
import { toCandidate } from './candidate.ts';
import type { Found, SearchTask } from './maximize.ts';

export interface SearchWithin {
  readonly task: SearchTask;
  /** The point of the whole space that was found. */
  whole(found: Found): Found;
}

/** `free` are indices of parameters; the others keep the values of `base`. Undefined when none of them is active there. */
export function searchWithin(task: SearchTask, base: Params, free: readonly number[]): SearchWithin | undefined {
  const { space, acquisition } = task;
  const names = new Set(free.map((d) => space.parameters[d].name));
  const active = free.filter((d) => {
    const { name, when } = space.parameters[d];
    return (when !== undefined && names.has(when.param)) || space.isActive(name, base);
  });
  if (active.length === 0) return undefined;
  const parameters = active.map((d) => {
    const { when, ...parameter } = space.parameters[d];
    return when !== undefined && names.has(when.param) ? space.parameters[d] : parameter;
  });
  const rest = Object.fromEntries(Object.entries(base).filter(([name]) => !names.has(name)));
  const merged = (params: Params): Params => ({ ...rest, ...params });
  const full = new Float64Array(space.dimensions.length);
  return {
    task: {
      ...task,
      space: createSearchSpace(
        parameters,
        space.constraints.map((holds) => (params: Params) => holds(merged(params))),
      ),
      acquisition: {
        evaluate: ({ params }, gradient) => {
          if (gradient === undefined) return acquisition.evaluate(toCandidate(space, merged(params)));
          const value = acquisition.evaluate(toCandidate(space, merged(params)), full);
          active.forEach((d, i) => {
            gradient[i] = full[d];
          });
          return value;
        },
      },
      knownViolation: (params) => task.knownViolation(merged(params)),
      isSeen: (params) => task.isSeen(merged(params)),
      incumbents: [],
    },
    whole: ({ candidate, value }) => ({ candidate: toCandidate(space, merged(candidate.params)), value }),
  };
}
