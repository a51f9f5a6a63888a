/**
 * Bayesian optimisation of many objectives by random scalarisation (qLogNParEGO): every suggestion draws weights uniformly from the
 * simplex and maximises the expected improvement of the augmented Chebyshev function of the modelled objectives.
 */
import { chebyshev, LogChebyshev, type Scalarisation } from '../acquisition/log-chebyshev.ts';
import { maximizeAcquisition } from '../acquisition/maximize.ts';
import type { Rng } from '../math/rng.ts';
import type { Point } from '../pareto/dominance.ts';
import { type BayesianStrategy, createBayesianSampler } from './bayesian.ts';
import type { FittedStudy } from './fit-study.ts';
import type { Sampler, SamplerProblem } from './sampler.ts';
import type { SamplerOptions } from './sampler-options.ts';

/** Draws of the objectives in all; shared out over the scenarios. */
const DRAWS = 64;

/** Uniform weights on the simplex; objectives scaled from the best value met to the reference point. */
function randomScalarisation(study: FittedStudy, fronts: readonly (readonly Point[])[], rng: Rng): Scalarisation {
  const m = study.objectives.length;
  const weights = Float64Array.from({ length: m }, () => -Math.log(1 - rng.nextFloat()));
  const sum = weights.reduce((a, b) => a + b, 0);
  const ideal = Float64Array.from(study.reference);
  for (const front of fronts) for (const f of front) for (let j = 0; j < m; j++) ideal[j] = Math.min(ideal[j], f[j]);
  const range = ideal.map((low, j) => Math.max(study.reference[j] - low, 1e-12 * Math.max(1, Math.abs(low))));
  return { weights: weights.map((w) => w / sum), ideal, range };
}

function paregoStrategy(): BayesianStrategy {
  return {
    kind: 'parego',
    gains: (study, fronts, rng) => {
      const scalarisation = randomScalarisation(study, fronts, rng);
      const marginals = study.objectives.map(({ transform }) => transform.shape);
      const draws = Math.max(4, Math.floor(DRAWS / Math.max(1, fronts.length)));
      return fronts.map((front) => {
        let best = chebyshev(scalarisation, study.reference);
        for (const f of front) best = Math.min(best, chebyshev(scalarisation, f));
        const z = Float64Array.from({ length: draws * marginals.length }, () => rng.nextNormal());
        return new LogChebyshev(scalarisation, marginals, best, z);
      });
    },
    search: maximizeAcquisition,
  };
}

export function createParegoSampler(problem: SamplerProblem, options: SamplerOptions): Sampler {
  return createBayesianSampler(problem, options, paregoStrategy());
}
