/**
 * Noisy expected hypervolume improvement with outcome constraints, in log space (qLogNEHVI of Daulton, Balandat, Bakshy 2021 and
 * Ament et al. 2023), with one difference: the new point is integrated in closed form. Only the values of earlier points that are not
 * known exactly (noisy baseline, pending trials) are sampled, S joint scenarios; given a scenario the new point's outputs are
 * independent normals, so its EHVI over that scenario's boxes and its probability of feasibility are exact:
 *   log a(x) = log mean_s EHVI(mu_s(x), sigma(x); boxes_s) prod_c Phi(-mu_cs(x) / sigma_c(x)).
 * The scenario-conditioned models share one factorisation (the cached root) and so one variance. Uncertain hyper-parameters are averaged
 * over in the same way: a few draws of them multiply the scenarios.
 */
import { inverseMills, normalLogCdf } from '../math/normal.ts';
import type { Params } from '../space/parameter.ts';
import type { Acquisition, OutputModel } from './acquisition.ts';
import type { Candidate, ModelSpace } from './candidate.ts';
import { type Boxes, LogEhvi } from './log-ehvi.ts';
import type { Marginal } from './marginal.ts';

/** Half the distance of the central differences through known functions, in unit coordinates. */
const KNOWN_STEP = 1e-4;

/** Gathers predictions of one output and sends derivatives back. Scenario s = member * fantasies + fantasy. */
class OutputPort {
  readonly output: OutputModel;
  /** Mean and deviation per scenario at the last point. */
  readonly means: Float64Array;
  readonly sigmas: Float64Array;
  /** Derivatives of the log acquisition in the means and deviations. */
  readonly meanSlopes: Float64Array;
  readonly sigmaSlopes: Float64Array;
  readonly #fantasies: number;

  constructor(output: OutputModel, shape: ScenarioShape) {
    const scenarios = shape.members * shape.fantasies;
    this.output = output;
    this.#fantasies = shape.fantasies;
    this.means = new Float64Array(scenarios);
    this.sigmas = new Float64Array(scenarios);
    this.meanSlopes = new Float64Array(scenarios);
    this.sigmaSlopes = new Float64Array(scenarios);
  }

  predict(candidate: Candidate): void {
    if (this.output.kind === 'known') {
      this.means.fill(this.output.value(candidate.params));
      return;
    }
    const { models, offset } = this.output;
    const shift = offset === undefined ? 0 : offset(candidate.params);
    for (let s = 0; s < this.means.length; s++) {
      const fantasy = s % this.#fantasies;
      const model = models[((s - fantasy) / this.#fantasies) % models.length];
      if (fantasy === 0) model.predict(candidate.row);
      this.means[s] = shift + model.means[model.means.length === 1 ? 0 : fantasy];
      this.sigmas[s] = Math.sqrt(model.variance);
    }
  }

  clearSlopes(): void {
    this.meanSlopes.fill(0);
    this.sigmaSlopes.fill(0);
  }

  /** The function of the params that shifts this output's mean, if any. */
  get shift(): ((params: Params) => number) | undefined {
    return this.output.kind === 'known' ? this.output.value : this.output.offset;
  }

  backward(candidate: Candidate, gradient: Float64Array): void {
    if (this.output.kind === 'known') return;
    const { models } = this.output;
    const fantasies = this.#fantasies;
    for (let first = 0; first < this.means.length; first += fantasies) {
      const model = models[(first / fantasies) % models.length];
      let weights = this.meanSlopes.subarray(first, first + fantasies);
      let sigmaSlope = 0;
      for (let f = 0; f < fantasies; f++) sigmaSlope += this.sigmaSlopes[first + f];
      if (model.means.length === 1 && fantasies > 1) weights = Float64Array.of(weights.reduce((x, y) => x + y, 0));
      model.backward(candidate.row, weights, sigmaSlope / (2 * this.sigmas[first]), gradient);
    }
  }
}

/** Scenarios are all pairs of a model's member and a fantasy (joint sample of uncertain earlier points). */
export interface ScenarioShape {
  readonly members: number;
  readonly fantasies: number;
}

export class LogNehvi implements Acquisition {
  readonly #model: ModelSpace;
  /** Derivatives in the columns of a model row. */
  readonly #rowGradient: Float64Array;
  readonly #objectives: readonly OutputPort[];
  readonly #constraints: readonly OutputPort[];
  readonly #ehvi: readonly LogEhvi[];
  readonly #mu: Float64Array;
  readonly #sigma: Float64Array;
  readonly #dMu: Float64Array[];
  readonly #dSigma: Float64Array[];
  readonly #logs: Float64Array;

  /** `boxes`: one decomposition, or one per fantasy, or none to maximise the probability of feasibility alone. */
  constructor(
    model: ModelSpace,
    objectives: readonly OutputModel[],
    constraints: readonly OutputModel[],
    marginals: readonly Marginal[],
    boxes: readonly Boxes[],
    shape: ScenarioShape,
  ) {
    const m = objectives.length;
    const scenarios = shape.members * shape.fantasies;
    this.#model = model;
    this.#rowGradient = new Float64Array(model.space.dimensions.length + model.features.count);
    this.#objectives = objectives.map((output) => new OutputPort(output, shape));
    this.#constraints = constraints.map((output) => new OutputPort(output, shape));
    this.#ehvi = boxes.map((b) => new LogEhvi(b, marginals));
    this.#mu = new Float64Array(m);
    this.#sigma = new Float64Array(m);
    this.#dMu = Array.from({ length: scenarios }, () => new Float64Array(m));
    this.#dSigma = Array.from({ length: scenarios }, () => new Float64Array(m));
    this.#logs = new Float64Array(scenarios);
  }

  evaluate(candidate: Candidate, gradient?: Float64Array): number {
    const scenarios = this.#logs.length;
    const isHypervolume = this.#ehvi.length > 0;
    if (isHypervolume) for (const port of this.#objectives) port.predict(candidate);
    for (const port of this.#constraints) port.predict(candidate);
    let largest = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < scenarios; s++) {
      let value = this.#logFeasibility(s);
      if (isHypervolume && value > Number.NEGATIVE_INFINITY) {
        for (let j = 0; j < this.#objectives.length; j++) {
          this.#mu[j] = this.#objectives[j].means[s];
          this.#sigma[j] = this.#objectives[j].sigmas[s];
        }
        const ehvi = this.#ehvi[s % this.#ehvi.length];
        value += gradient
          ? ehvi.evaluate(this.#mu, this.#sigma, this.#dMu[s], this.#dSigma[s])
          : ehvi.evaluate(this.#mu, this.#sigma);
      }
      this.#logs[s] = value;
      if (value > largest) largest = value;
    }
    gradient?.fill(0);
    if (largest === Number.NEGATIVE_INFINITY) return largest;
    let sum = 0;
    for (let s = 0; s < scenarios; s++) sum += Math.exp(this.#logs[s] - largest);
    if (gradient) this.#backward(candidate, gradient, largest, sum);
    return largest + Math.log(sum / scenarios);
  }

  #logFeasibility(s: number): number {
    let value = 0;
    for (const port of this.#constraints) {
      const sigma = port.sigmas[s];
      if (sigma === 0) value += port.means[s] > 0 ? Number.NEGATIVE_INFINITY : 0;
      else value += normalLogCdf(-port.means[s] / sigma);
    }
    return value;
  }

  #backward(candidate: Candidate, gradient: Float64Array, largest: number, sum: number): void {
    const ports = this.#ehvi.length > 0 ? [...this.#objectives, ...this.#constraints] : this.#constraints;
    for (const port of ports) port.clearSlopes();
    for (let s = 0; s < this.#logs.length; s++) {
      const weight = Math.exp(this.#logs[s] - largest) / sum;
      if (weight === 0) continue;
      if (this.#ehvi.length > 0) {
        this.#objectives.forEach((port, j) => {
          port.meanSlopes[s] += weight * this.#dMu[s][j];
          port.sigmaSlopes[s] += weight * this.#dSigma[s][j];
        });
      }
      for (const port of this.#constraints) {
        const sigma = port.sigmas[s];
        if (sigma === 0) continue;
        const z = -port.means[s] / sigma;
        const slope = inverseMills(z);
        port.meanSlopes[s] -= (weight * slope) / sigma;
        port.sigmaSlopes[s] -= (weight * slope * z) / sigma;
      }
    }
    const rowGradient = this.#rowGradient.fill(0);
    for (const port of ports) port.backward(candidate, rowGradient);
    for (let d = 0; d < gradient.length; d++) gradient[d] = rowGradient[d];
    this.#backwardDerived(candidate, ports, gradient);
  }

  /** Known functions have no gradient of their own: central differences along the active continuous coordinates. */
  #backwardDerived(candidate: Candidate, ports: readonly OutputPort[], gradient: Float64Array): void {
    const { space, features } = this.#model;
    const shifts = ports.flatMap(({ shift, meanSlopes }) => {
      return shift === undefined ? [] : [{ shift, weight: meanSlopes.reduce((a, b) => a + b, 0) }];
    });
    if (shifts.length === 0 && features.count === 0) return;
    const D = space.dimensions.length;
    for (let d = 0; d < D; d++) {
      if (space.dimensions[d].kind !== 'continuous' || Number.isNaN(candidate.row[d])) continue;
      const unit = candidate.unit.slice();
      const high = Math.min(1, candidate.unit[d] + KNOWN_STEP);
      const low = Math.max(0, candidate.unit[d] - KNOWN_STEP);
      unit[d] = high;
      const above = space.decode(unit);
      unit[d] = low;
      const below = space.decode(unit);
      let difference = 0;
      for (const { shift, weight } of shifts) difference += weight * (shift(above) - shift(below));
      if (features.count > 0) {
        const [up, down] = [features.of(above), features.of(below)];
        for (let f = 0; f < up.length; f++) difference += this.#rowGradient[D + f] * (up[f] - down[f]);
      }
      gradient[d] += difference / (high - low);
    }
  }
}
