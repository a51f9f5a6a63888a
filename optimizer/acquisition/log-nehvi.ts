/**
 * Noisy expected hypervolume improvement with outcome constraints, in log space (qLogNEHVI of Daulton, Balandat, Bakshy 2021 and
 * Ament et al. 2023), with one difference: the new point is integrated in closed form. Only the values of earlier points that are not
 * known exactly (noisy baseline, pending trials) are sampled, S joint scenarios; given a scenario the new point's outputs are
 * independent normals, so its EHVI over that scenario's boxes and its probability of feasibility are exact:
 *   log a(x) = log mean_s EHVI(mu_s(x), sigma(x); boxes_s) prod_c Phi(-mu_cs(x) / sigma_c(x)).
 * The scenario-conditioned models share one factorisation (the cached root) and so one variance.
 */
import { inverseMills, normalLogCdf } from '../math/normal.ts';
import type { Params } from '../space/parameter.ts';
import type { SearchSpace } from '../space/search-space.ts';
import type { Acquisition, OutputModel } from './acquisition.ts';
import type { Candidate } from './candidate.ts';
import { type Boxes, LogEhvi } from './log-ehvi.ts';
import type { Marginal } from './marginal.ts';

/** Half the distance of the central differences through known functions, in unit coordinates. */
const KNOWN_STEP = 1e-4;

/** Gathers predictions of one output and sends derivatives back. */
class OutputPort {
  readonly output: OutputModel;
  /** Mean per scenario at the last point. */
  readonly means: Float64Array;
  sigma = 0;
  /** Derivatives of the log acquisition in the means and in sigma. */
  readonly meanSlopes: Float64Array;
  sigmaSlope = 0;

  constructor(output: OutputModel, scenarios: number) {
    this.output = output;
    this.means = new Float64Array(scenarios);
    this.meanSlopes = new Float64Array(scenarios);
  }

  predict(candidate: Candidate): void {
    if (this.output.kind === 'known') {
      this.means.fill(this.output.value(candidate.params));
      this.sigma = 0;
      return;
    }
    const { model, offset } = this.output;
    model.predict(candidate.row);
    const shift = offset === undefined ? 0 : offset(candidate.params);
    for (let s = 0; s < this.means.length; s++) {
      this.means[s] = shift + model.means[model.means.length === 1 ? 0 : s];
    }
    this.sigma = Math.sqrt(model.variance);
  }

  clearSlopes(): void {
    this.meanSlopes.fill(0);
    this.sigmaSlope = 0;
  }

  /** The function of the params that shifts this output's mean, if any. */
  get shift(): ((params: Params) => number) | undefined {
    return this.output.kind === 'known' ? this.output.value : this.output.offset;
  }

  backward(candidate: Candidate, gradient: Float64Array): void {
    if (this.output.kind === 'known') return;
    const { model } = this.output;
    let weights = this.meanSlopes;
    if (model.means.length === 1 && weights.length > 1) {
      weights = Float64Array.of(weights.reduce((a, b) => a + b, 0));
    }
    model.backward(candidate.row, weights, this.sigmaSlope / (2 * this.sigma), gradient);
  }
}

export class LogNehvi implements Acquisition {
  readonly #space: SearchSpace;
  readonly #objectives: readonly OutputPort[];
  readonly #constraints: readonly OutputPort[];
  readonly #ehvi: readonly LogEhvi[];
  readonly #mu: Float64Array;
  readonly #sigma: Float64Array;
  readonly #dMu: Float64Array[];
  readonly #dSigma: Float64Array[];
  readonly #logs: Float64Array;

  /** `boxes`: one decomposition per scenario, or none to maximise the probability of feasibility alone. */
  constructor(
    space: SearchSpace,
    objectives: readonly OutputModel[],
    constraints: readonly OutputModel[],
    marginals: readonly Marginal[],
    boxes: readonly Boxes[],
    scenarios: number,
  ) {
    const m = objectives.length;
    this.#space = space;
    this.#objectives = objectives.map((output) => new OutputPort(output, scenarios));
    this.#constraints = constraints.map((output) => new OutputPort(output, scenarios));
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
    for (let j = 0; j < this.#objectives.length; j++) this.#sigma[j] = this.#objectives[j].sigma;
    let largest = Number.NEGATIVE_INFINITY;
    for (let s = 0; s < scenarios; s++) {
      let value = this.#logFeasibility(s);
      if (isHypervolume && value > Number.NEGATIVE_INFINITY) {
        for (let j = 0; j < this.#objectives.length; j++) this.#mu[j] = this.#objectives[j].means[s];
        const ehvi = this.#ehvi[this.#ehvi.length === 1 ? 0 : s];
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
      if (port.sigma === 0) value += port.means[s] > 0 ? Number.NEGATIVE_INFINITY : 0;
      else value += normalLogCdf(-port.means[s] / port.sigma);
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
          port.sigmaSlope += weight * this.#dSigma[s][j];
        });
      }
      for (const port of this.#constraints) {
        if (port.sigma === 0) continue;
        const z = -port.means[s] / port.sigma;
        const slope = inverseMills(z);
        port.meanSlopes[s] -= (weight * slope) / port.sigma;
        port.sigmaSlope -= (weight * slope * z) / port.sigma;
      }
    }
    for (const port of ports) port.backward(candidate, gradient);
    this.#backwardKnown(candidate, ports, gradient);
  }

  /** Known functions have no gradient of their own: central differences along the active continuous coordinates. */
  #backwardKnown(candidate: Candidate, ports: readonly OutputPort[], gradient: Float64Array): void {
    const shifted = ports.filter((port) => port.shift !== undefined);
    if (shifted.length === 0) return;
    this.#space.dimensions.forEach((dimension, d) => {
      if (dimension.kind !== 'continuous' || Number.isNaN(candidate.row[d])) return;
      const unit = candidate.unit.slice();
      unit[d] = Math.min(1, candidate.unit[d] + KNOWN_STEP);
      const above = this.#space.decode(unit);
      const high = unit[d];
      unit[d] = Math.max(0, candidate.unit[d] - KNOWN_STEP);
      const below = this.#space.decode(unit);
      for (const port of shifted) {
        if (port.shift === undefined) continue;
        const slope = (port.shift(above) - port.shift(below)) / (high - unit[d]);
        if (slope === 0) continue;
        for (const meanSlope of port.meanSlopes) gradient[d] += meanSlope * slope;
      }
    });
  }
}
