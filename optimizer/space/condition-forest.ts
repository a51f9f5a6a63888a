/**
 * Which parameter switches which: every parameter has at most one condition, so conditions form a forest. The forest gives the
 * order in which values must be chosen (parents first), the number of distinct cells, and the cell of a given index.
 */
import type { Dimension } from './dimension.ts';
import type { Parameter, ParamValue } from './parameter.ts';
import { SpaceError } from './space-error.ts';

export interface ConditionForest {
  /** Parameter indices, parents before children. */
  readonly order: readonly number[];
  /** Index of the parent per parameter; −1 for those that are always active. */
  readonly parent: Int32Array;
  /** For a conditional parameter the parent's values that switch it on. */
  readonly switchedOnBy: readonly (ReadonlySet<ParamValue> | undefined)[];
  /** Number of distinct cells; Infinity with an active continuous parameter. */
  readonly cellCount: number;
  /** Levels per parameter of cell `index` in [0, cellCount), −1 where inactive. Needs a finite space. */
  levelsOfCell(index: number): Float64Array;
}

function topologicalOrder(parent: Int32Array, parameters: readonly Parameter[]): number[] {
  const order: number[] = [];
  const state = new Uint8Array(parent.length);
  const visit = (i: number): void => {
    if (state[i] === 2) return;
    if (state[i] === 1) throw new SpaceError('its condition depends on itself', parameters[i].name);
    state[i] = 1;
    if (parent[i] >= 0) visit(parent[i]);
    state[i] = 2;
    order.push(i);
  };
  for (let i = 0; i < parent.length; i++) visit(i);
  return order;
}

export function createConditionForest(
  parameters: readonly Parameter[],
  dimensions: readonly Dimension[],
): ConditionForest {
  const indexOf = new Map(parameters.map((p, i) => [p.name, i]));
  const n = parameters.length;
  const parent = new Int32Array(n).fill(-1);
  const switchedOnBy: (ReadonlySet<ParamValue> | undefined)[] = new Array(n).fill(undefined);
  const children: number[][] = parameters.map(() => []);
  parameters.forEach((parameter, i) => {
    const when = parameter.when;
    if (when === undefined) return;
    const p = indexOf.get(when.param);
    if (p === undefined)
      throw new SpaceError(`its condition names an unknown parameter "${when.param}"`, parameter.name);
    if (dimensions[p].kind === 'continuous') {
      throw new SpaceError(`its condition tests the continuous parameter "${when.param}"`, parameter.name);
    }
    if (when.in.length === 0)
      throw new SpaceError('its condition lists no value, so it could never be active', parameter.name);
    parent[i] = p;
    switchedOnBy[i] = new Set(when.in.map((value) => dimensions[p].check(value)));
    children[p].push(i);
  });
  const order = topologicalOrder(parent, parameters);

  // Only the levels that switch something need a look each; all others head one cell. (A parent may have 2³¹ levels.)
  const switches = children.map((kids, i) => {
    const levels = new Set(
      kids.flatMap((kid) => [...(switchedOnBy[kid] ?? [])].map((value) => dimensions[i].levelOf(value))),
    );
    return [...levels].sort((a, b) => a - b);
  });
  const sizes = new Float64Array(n);
  const branchSize = (i: number, level: number): number => {
    const value = dimensions[i].valueOfLevel(level);
    return children[i].reduce((size, kid) => (switchedOnBy[kid]?.has(value) === true ? size * sizes[kid] : size), 1);
  };
  for (const i of order.toReversed()) {
    const plain = dimensions[i].levels - switches[i].length;
    sizes[i] = switches[i].reduce((size, level) => size + branchSize(i, level), plain);
  }
  const roots = order.filter((i) => parent[i] < 0);
  const cellCount = roots.reduce((product, i) => product * sizes[i], 1);

  /** Splits an index below parameter i into its level and the index left for its children. */
  const split = (i: number, index: number): [level: number, rest: number] => {
    let level = 0;
    let rest = index;
    for (const next of switches[i]) {
      if (rest < next - level) return [level + rest, 0];
      rest -= next - level;
      const size = branchSize(i, next);
      if (rest < size) return [next, rest];
      rest -= size;
      level = next + 1;
    }
    return [level + rest, 0];
  };
  const descend = (i: number, index: number, levels: Float64Array): void => {
    const [level, below] = split(i, index);
    let rest = below;
    levels[i] = level;
    const value = dimensions[i].valueOfLevel(level);
    for (const child of children[i]) {
      if (switchedOnBy[child]?.has(value) !== true) continue;
      descend(child, rest % sizes[child], levels);
      rest = Math.floor(rest / sizes[child]);
    }
  };
  return {
    order,
    parent,
    switchedOnBy,
    cellCount,
    levelsOfCell(index) {
      const levels = new Float64Array(n).fill(-1);
      let rest = index;
      for (const root of roots) {
        descend(root, rest % sizes[root], levels);
        rest = Math.floor(rest / sizes[root]);
      }
      return levels;
    },
  };
}
