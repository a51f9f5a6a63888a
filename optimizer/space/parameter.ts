/**
 * The parameters of a search space, as data. One parameter is a float range, an int range or a list of choices,
 * active always or only when another parameter takes one of the named values (`when`).
 */

export type ParamValue = number | string | boolean;

/** A trial's point in native values; holds exactly the active parameters. */
export type Params = Readonly<Record<string, ParamValue>>;

/** The parameter is active only where `param` is active and takes one of the values `in`. */
export interface Condition {
  readonly param: string;
  readonly in: readonly ParamValue[];
}

interface ParameterBase {
  readonly name: string;
  readonly when?: Condition;
}

/** Closed range `[low, high]`; `log` searches its logarithm (low > 0); `step` makes the grid `low, low + step, …`. */
export interface FloatParameter extends ParameterBase {
  readonly type: 'float';
  readonly low: number;
  readonly high: number;
  readonly step?: number;
  readonly log?: boolean;
}

/** Closed integer range on the grid `low, low + step, …` (step 1 unless given). */
export interface IntParameter extends ParameterBase {
  readonly type: 'int';
  readonly low: number;
  readonly high: number;
  readonly step?: number;
  readonly log?: boolean;
}

/** Unordered choices. */
export interface CategoricalParameter extends ParameterBase {
  readonly type: 'categorical';
  readonly choices: readonly ParamValue[];
}

export type Parameter = FloatParameter | IntParameter | CategoricalParameter;
