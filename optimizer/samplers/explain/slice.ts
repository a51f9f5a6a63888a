/** Predictions along one or two parameters, everything else held at one point: the data of slice and contour plots. */
import type { Params, ParamValue } from '../../space/parameter.ts';
import type { SearchSpace } from '../../space/search-space.ts';
import { SpaceError } from '../../space/space-error.ts';
import type { MetricModel, MetricPrediction } from './metric-models.ts';

export interface Slice {
  readonly parameter: string;
  readonly values: readonly ParamValue[];
  /** By metric, one prediction per value. */
  readonly metrics: ReadonlyMap<string, readonly MetricPrediction[]>;
}

export interface Contour {
  readonly x: { readonly parameter: string; readonly values: readonly ParamValue[] };
  readonly y: { readonly parameter: string; readonly values: readonly ParamValue[] };
  /** By metric, rows along y, columns along x. */
  readonly metrics: ReadonlyMap<string, readonly (readonly MetricPrediction[])[]>;
}

const DEFAULT_POINTS = 50;

function positions(space: SearchSpace, index: number, points: number): number[] {
  const { levels } = space.dimensions[index];
  const count = Math.min(points, levels);
  // Few levels: each once. Otherwise evenly over the range, both ends included.
  if (count === levels)
    return Array.from({ length: levels }, (_, k) =>
      space.dimensions[index].unitOf(space.dimensions[index].valueOfLevel(k)),
    );
  return Array.from({ length: count }, (_, k) => (count === 1 ? 0.5 : k / (count - 1)));
}

function indexOf(space: SearchSpace, parameter: string, at: Params): number {
  const index = space.parameters.findIndex(({ name }) => name === parameter);
  if (index < 0)
    throw new SpaceError(`is not in this space (it has ${space.parameters.map((p) => p.name).join(', ')})`, parameter);
  if (!space.isActive(parameter, at)) throw new SpaceError('is inactive at the point of the slice', parameter);
  return index;
}

/** `at` with some unit coordinates replaced; what a change switches on takes its middle value. */
function moved(space: SearchSpace, at: Float64Array, changes: readonly (readonly [number, number])[]): Params {
  const unit = at.slice();
  for (const [index, u] of changes) unit[index] = u;
  return space.decode(unit);
}

/** Predictions of every metric along `parameter` through `at`; throws `SpaceError` where that parameter is unknown or inactive there. */
export function predictSlice(
  space: SearchSpace,
  models: ReadonlyMap<string, MetricModel>,
  parameter: string,
  at: Params,
  points = DEFAULT_POINTS,
): Slice {
  const index = indexOf(space, parameter, at);
  const origin = space.encode(at);
  const along = positions(space, index, points).map((u) => moved(space, origin, [[index, u]]));
  return {
    parameter,
    values: along.map((params) => params[parameter]),
    metrics: new Map([...models].map(([metric, model]) => [metric, along.map((params) => model.predict(params))])),
  };
}

/** The same over two parameters; `points` per side. */
export function predictContour(
  space: SearchSpace,
  models: ReadonlyMap<string, MetricModel>,
  [xName, yName]: readonly [string, string],
  at: Params,
  points = 20,
): Contour {
  const ix = indexOf(space, xName, at);
  const iy = indexOf(space, yName, at);
  if (ix === iy) throw new SpaceError('a contour needs two different parameters', xName);
  const origin = space.encode(at);
  const xs = positions(space, ix, points);
  const ys = positions(space, iy, points);
  const grid = ys.map((y) =>
    xs.map((x) =>
      moved(space, origin, [
        [ix, x],
        [iy, y],
      ]),
    ),
  );
  return {
    x: { parameter: xName, values: xs.map((u) => space.dimensions[ix].valueAt(u)) },
    y: { parameter: yName, values: ys.map((u) => space.dimensions[iy].valueAt(u)) },
    metrics: new Map(
      [...models].map(([metric, model]) => [metric, grid.map((row) => row.map((params) => model.predict(params)))]),
    ),
  };
}
