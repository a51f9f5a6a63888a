/** The optimizer's door: everything other rooms may use. */
export { createRng, type Rng } from './math/rng.ts';
export {
  type BoxDecomposition,
  decomposeNonDominated,
  hypervolumeImprovement,
  insertIntoDecomposition,
} from './pareto/box-decomposition.ts';
export { crowdingDistances, dominates, nonDominatedIndices, nonDominatedSort, type Point } from './pareto/dominance.ts';
export { hypervolume, hypervolumeContributions } from './pareto/hypervolume.ts';
export { hypervolumeHistory, IncrementalHypervolume } from './pareto/hypervolume-history.ts';
export { inferReferencePoint } from './pareto/reference-point.ts';
export { furtherProblems } from './problems/further-problems.ts';
export { mixedCompressKnown } from './problems/mixed-compress.ts';
export { openProblems } from './problems/open-problems.ts';
export { singleObjectiveProblems } from './problems/single-objective.ts';
export type { TestProblem } from './problems/test-problem.ts';
export { type AutoChoice, chooseSampler } from './samplers/auto.ts';
export { createSampler, SAMPLER_KINDS, type SamplerKind } from './samplers/create-sampler.ts';
export { type Calibration, calibrate } from './samplers/explain/calibration.ts';
export { type HealthFinding, type Severity, studyHealth } from './samplers/explain/health.ts';
export { type Importances, type ParameterImportance, parameterImportance } from './samplers/explain/importance.ts';
export {
  fitMetricModels,
  type HeldOut,
  type MetricModel,
  type MetricPrediction,
} from './samplers/explain/metric-models.ts';
export { type Contour, predictContour, predictSlice, type Slice } from './samplers/explain/slice.ts';
export {
  type EarlyStoppingOptions,
  type EarlyStoppingVerdict,
  judgeRunningTrial,
  type RunningTrial,
} from './samplers/fidelity/early-stopping.ts';
export {
  chooseFidelity,
  type FidelityLevel,
  type FidelityLink,
  linkFidelities,
} from './samplers/fidelity/fidelity-link.ts';
export { createFidelitySampler, type FidelityOptions } from './samplers/fidelity/fidelity-sampler.ts';
export { type Investment, type RankedInvestment, rankByGainPerCost } from './samplers/fidelity/gain-per-cost.ts';
export type { CurvePoint } from './samplers/fidelity/learning-curve.ts';
export type { TrialCurves } from './samplers/fidelity/trial-curves.ts';
export type * from './samplers/sampler.ts';
export type { SamplerOptions } from './samplers/sampler-options.ts';
export {
  judgeNoGain,
  type NoGainRule,
  type NoGainVerdict,
  type StudyProgress,
  studyProgress,
} from './samplers/study-progress.ts';
export { type Transfer, transferFrom } from './samplers/transfer.ts';
export { createTransferSampler, type TransferSource } from './samplers/transfer-sampler.ts';
export type { Dimension } from './space/dimension.ts';
export type * from './space/parameter.ts';
export { createSearchSpace, type ParameterConstraint, type SearchSpace } from './space/search-space.ts';
export { SpaceError } from './space/space-error.ts';
