/**
 * Expressions over a study's parameters: rules that a point must keep before it is ever tried, and metrics that are functions of the
 * point. A parameter that takes words is compared with `==` and `!=`; truth values count as 1 and 0; an inactive parameter counts as 0
 * in a formula, and a rule that reads one does not apply.
 */
import type { KnownMetric, ParameterConstraint, Params, ParamValue } from '@tinypareto/optimizer';
import type { ParameterSpec } from '../contract/parameter.ts';
import type { ConstraintSpec } from '../contract/study.ts';
import { compileExpression, compileFormula, type ExpressionParser } from './expression.ts';

export class ParamLanguage {
  readonly names: ReadonlySet<string>;
  /** Parameters with words among their choices. */
  readonly words: ReadonlyMap<string, readonly ParamValue[]>;
  readonly #parse: ExpressionParser;

  constructor(parameters: readonly ParameterSpec[], parse: ExpressionParser) {
    this.names = new Set(parameters.map(({ name }) => name));
    this.words = new Map(
      parameters.flatMap((parameter) =>
        parameter.type === 'categorical' && parameter.choices.some((choice) => typeof choice === 'string')
          ? [[parameter.name, parameter.choices]]
          : [],
      ),
    );
    this.#parse = parse;
  }

  /** Throws `UserError` BAD_CONSTRAINT. */
  rule(spec: ConstraintSpec): ParameterConstraint {
    const text = typeof spec === 'string' ? spec : `${spec.metric} ${spec.op} ${spec.bound}`;
    const { metrics: names, violation } = compileExpression(text, this.#parse, this.names, this.words);
    const holds = (params: Params): boolean =>
      !names.every((name) => Object.hasOwn(params, name)) || violation(this.scope(params)) <= 0;
    // The space names the rule in its messages.
    return Object.defineProperty(holds, 'name', { value: text });
  }

  /** `earlier` are formulas that this one may read by name. Throws `UserError` BAD_FORMULA. */
  formula(text: string, earlier: ReadonlyMap<string, KnownMetric> = new Map()): KnownMetric {
    const known = new Set([...this.names, ...earlier.keys()]);
    const { names, value } = compileFormula(text, this.#parse, { known, words: this.words });
    const absent = Object.fromEntries(names.map((name) => [name, this.words.has(name) ? -1 : 0]));
    const read = names.flatMap((name) => {
      const metric = this.names.has(name) ? undefined : earlier.get(name);
      return metric === undefined ? [] : [{ name, metric }];
    });
    return (params) => {
      const scope: Record<string, number> = { ...absent, ...this.scope(params) };
      for (const { name, metric } of read) scope[name] = metric(params);
      return value(scope);
    };
  }

  /** Values as numbers: words by their place among the choices. */
  scope(params: Params): Record<string, number> {
    const scope: Record<string, number> = {};
    for (const [name, value] of Object.entries(params)) {
      const words = this.words.get(name);
      scope[name] = words === undefined ? Number(value) : words.indexOf(value);
    }
    return scope;
  }
}
