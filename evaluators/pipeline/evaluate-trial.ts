/**
 * One trial from plan to outcome: sizes first, then pruning, fine-tuning, quantization and accuracy, then sources. What the daemon runs in
 * a worker thread, and what `compress` and `POST /v1/evaluations` run on their own.
 */
import { emitC } from '../codegen/emit/emit-c.ts';
import { lower } from '../codegen/lower.ts';
import { type PredictedSizes, predictSizes } from '../codegen/predict/predict-sizes.ts';
import type { Program } from '../codegen/program.ts';
import { compress } from '../compress/compress.ts';
import type { CompressHooks } from '../compress/compress-hooks.ts';
import { CompressionError } from '../compress/compression-error.ts';
import type { CompressionReport } from '../compress/compression-report.ts';
import { fuseQuantized } from '../compress/fuse-quantized.ts';
import { quantizeNetwork } from '../compress/quantize-network.ts';
import { restructure } from '../compress/restructure/restructure.ts';
import { StoppedEarlyError } from '../compress/stopped-early.ts';
import type { CompressionPlan } from '../compression-plan.ts';
import { countCost } from '../ir/cost.ts';
import type { Graph } from '../ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../ir/tensor.ts';
import { writeZip } from '../ir/zip.ts';
import { exportOnnx } from '../onnx/export/export-onnx.ts';
import { interpret } from '../ops/interpret.ts';
import type { Artifact, Metric, Metrics } from '../outcome.ts';
import { type Dataset, writeSample } from '../train/data/dataset.ts';
import { loadDataset } from '../train/data/load-dataset.ts';
import { DivergedError } from '../train/finetune.ts';
import { TrainingJournal } from '../train/training-journal.ts';
import { modelLatency } from './board-latency.ts';
import { boardMetricNames } from './board-metric.ts';
import { toleranceFor } from './compare-outputs.ts';
import type { EvaluationHooks, EvaluationRequest, MeasurementKit, TrialEvaluation } from './evaluation.ts';
import { refusal, simulated } from './judge.ts';
import { latencyMeasure } from './latency-measure.ts';
import { deployable, loadNetwork } from './load-network.ts';
import { compileOptions, sizeMeasures } from './size-measures.ts';
import { previewSizes } from './size-preview.ts';
import { isVirtual } from './virtual-board.ts';

/** Before training, ROM is known but for tables that depend on the trained weights. */
const EARLY_ROM_SLACK = 0.02;

/** Inferences whose outputs a device must repeat before its times count. */
const CHECKED_SAMPLES = 4;

/**
 * Throws OnnxImportError and DatasetError for inputs that no trial could use; everything that belongs to this trial becomes an
 * outcome. Aborting rejects with the signal's reason.
 */
export async function evaluateTrial(request: EvaluationRequest, hooks: EvaluationHooks = {}): Promise<TrialEvaluation> {
  const [board] = request.boards;
  if (board === undefined) throw new RangeError('an evaluation needs at least one board');
  hooks.onProgress?.({ stage: 'load', fraction: 0, message: 'network and data' });
  const graph = loadNetwork(request.model);
  let early: Metrics = {};
  try {
    hooks.onProgress?.({ stage: 'size', fraction: 0.01, message: board.title });
    early = earlyMetrics(graph, request);
    const tooBig = refusal(early, board, request.limits, EARLY_ROM_SLACK);
    if (tooBig !== null) return infeasible(tooBig, early);
    const dataset = loadDataset(request.dataset, request.datasetFolder);
    return await compressAndMeasure(graph, dataset, request, hooks, early);
  } catch (error) {
    if (error instanceof StoppedEarlyError) {
      return { outcome: { kind: 'stopped', reason: error.message, metrics: early }, kit: null };
    }
    if (error instanceof DivergedError || error instanceof CompressionError) return infeasible(error.message, {});
    throw error;
  }
}

function infeasible(reason: string, metrics: Metrics): TrialEvaluation {
  return { outcome: { kind: 'infeasible', reason, metrics }, kit: null };
}

function earlyMetrics(graph: Graph, { plan, boards }: EvaluationRequest): Metrics {
  const metrics: Record<string, ReturnType<typeof simulated>> = {};
  for (const [index, board] of boards.entries()) {
    const preview = previewSizes(graph, plan, board);
    if (preview === null) continue;
    for (const [metric, value] of Object.entries(preview))
      for (const name of boardMetricNames(metric, boards, index)) metrics[name] = simulated(value);
  }
  return metrics;
}

async function compressAndMeasure(
  graph: Graph,
  dataset: Dataset,
  request: EvaluationRequest,
  hooks: EvaluationHooks,
  sizes: Metrics,
): Promise<TrialEvaluation> {
  const [board] = request.boards;
  const { onIntermediate } = hooks;
  const compressed = await compress(graph, dataset, request.plan, {
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    ...(request.evaluateLimit === undefined ? {} : { evaluateLimit: request.evaluateLimit }),
    ...lowestAccuracy(request),
    ...memory(request, hooks),
    ...(await measuresFor(graph, dataset, request)),
    accuracies: 'deployed',
    ...(onIntermediate === undefined ? {} : { onValidated: (value) => onIntermediate({ ...value, sizes }) }),
    onProgress: ({ stage, fraction, message }) =>
      hooks.onProgress?.({ stage, fraction: 0.02 + 0.9 * fraction, message }),
  });
  hooks.onProgress?.({ stage: 'emit', fraction: 0.94, message: 'sources and sizes' });
  const deployed = compressed.integerGraph ?? deployable(compressed.floatGraph);
  const programs = request.boards.map((each) => lower(deployed, each, compileOptions(request.plan)));
  const simulations = finalMetrics(programs, deployed, compressed.floatGraph, dataset, compressed.report, request);
  const tooBig = refusal(simulations, board, request.limits);
  if (tooBig !== null) return infeasible(tooBig, simulations);
  const kit = measurementKit(programs[0], deployed, dataset);
  const metrics = { ...simulations, ...(await latencies(programs, deployed, kit, request)) };
  const tooSlow = refusal(metrics, board, request.limits);
  if (tooSlow !== null) return infeasible(tooSlow, metrics);
  const artifacts = makeArtifacts(
    compressed.quantizedGraph ?? deployable(compressed.floatGraph),
    kit,
    compressed.report,
    programs,
    metrics,
  );
  return { outcome: { kind: 'completed', metrics, artifacts }, kit };
}

/** What outlives the process of a trial. */
function memory(
  { checkpointsIn, checkpointSeconds, sharedWeightsIn }: EvaluationRequest,
  { onWarning }: EvaluationHooks,
): Partial<CompressHooks> {
  const warning = onWarning === undefined ? {} : { onWarning };
  const shared = {
    ...warning,
    ...(sharedWeightsIn === undefined ? {} : { sharedWeightsIn }),
    ...(checkpointSeconds === undefined ? {} : { checkpointSeconds }),
  };
  if (checkpointsIn === undefined) return shared;
  const journal = new TrainingJournal(checkpointsIn, {
    ...warning,
    ...(checkpointSeconds === undefined ? {} : { everySeconds: checkpointSeconds }),
  });
  return { ...shared, finetune: journal.finetune };
}

/** How pruning targets are measured on the first board. */
async function measuresFor(
  graph: Graph,
  dataset: Dataset,
  { plan, boards: [board], modelLatencyIn }: EvaluationRequest,
): Promise<Pick<CompressHooks, 'measures' | 'simulate'>> {
  const measures = sizeMeasures(plan.quantize, board);
  if (plan.prune?.target?.metric !== 'latencyUs' || modelLatencyIn === undefined || !isVirtual(board)) {
    return { measures };
  }
  const changed = plan.restructure === undefined ? [] : [restructure(graph, plan.restructure).graph];
  const { measure, simulate } = await latencyMeasure({
    graphs: [graph, ...changed],
    deploy: (network) => deploy(network, dataset, plan),
    inputs: checkedSamples(graph.inputs[0].shape, dataset).map((sample) => new Uint8Array(sample.buffer)),
    plan: plan.quantize,
    board,
    buildFolder: modelLatencyIn,
  });
  return { measures: { ...measures, latencyUs: measure }, simulate: { latencyUs: simulate } };
}

/** What would be compiled if the training ended here. */
async function deploy(graph: Graph, dataset: Dataset, plan: CompressionPlan): Promise<Graph> {
  if (plan.quantize === undefined) return deployable(graph);
  const { graph: quantized, integer } = await quantizeNetwork(graph, dataset, plan, {});
  return integer ? fuseQuantized(quantized, { fallback: plan.quantize.fallback ?? 'float' }) : deployable(quantized);
}

/** The highest lower bound on accuracy: a training that cannot reach it is given up. */
function lowestAccuracy({ limits }: EvaluationRequest): { readonly minimumAccuracy?: number } {
  const bounds = limits.flatMap(({ metric, op, bound }) => (metric === 'accuracy' && op === '>=' ? [bound] : []));
  return bounds.length === 0 ? {} : { minimumAccuracy: Math.max(...bounds) };
}

function finalMetrics(
  programs: readonly Program[],
  deployed: Graph,
  floatGraph: Graph,
  dataset: Dataset,
  report: CompressionReport,
  request: EvaluationRequest,
): Metrics {
  const accuracy = report.accuracy.after;
  const count = Math.min(dataset.test.count, request.evaluateLimit ?? Number.POSITIVE_INFINITY);
  const metrics: Record<string, ReturnType<typeof simulated>> = {
    accuracy: { ...simulated(accuracy, Math.sqrt((accuracy * (1 - accuracy)) / count)), n: count },
    params: simulated(countCost(deployable(floatGraph)).params),
  };
  for (const [index, program] of programs.entries()) {
    const sizes: PredictedSizes = predictSizes(program);
    for (const metric of ['romBytes', 'ramBytes'] as const)
      for (const name of boardMetricNames(metric, request.boards, index)) metrics[name] = simulated(sizes[metric]);
    if (index > 0) continue;
    metrics['macs'] = simulated(sizes.macs);
    metrics['flops'] = simulated(countCost(deployed).flops);
  }
  return metrics;
}

async function latencies(
  programs: readonly Program[],
  deployed: Graph,
  kit: MeasurementKit,
  { boards, modelLatencyIn }: EvaluationRequest,
): Promise<Metrics> {
  const metrics: Record<string, Metric> = {};
  if (modelLatencyIn === undefined) return metrics;
  for (const [index, program] of programs.entries()) {
    const { board } = program;
    if (!isVirtual(board)) continue;
    const latencyUs = await modelLatency(program, board, kit, {
      buildFolder: modelLatencyIn,
      ...toleranceFor(deployed),
    });
    for (const name of boardMetricNames('latencyUs', boards, index)) metrics[name] = latencyUs;
  }
  return metrics;
}

function checkedSamples(shape: readonly number[], dataset: Dataset): Float32Array<ArrayBuffer>[] {
  return Array.from({ length: Math.min(CHECKED_SAMPLES, dataset.test.count) }, (_, index) => {
    const sample = new Float32Array(elementCount(shape));
    writeSample(dataset, dataset.test, index, sample, 0);
    return sample;
  });
}

function measurementKit(program: Program, deployed: Graph, dataset: Dataset): MeasurementKit {
  const [input] = deployed.inputs;
  const inputs: Uint8Array[] = [];
  const expectedOutputs: Uint8Array[] = [];
  for (const sample of checkedSamples(input.shape, dataset)) {
    const outputs = interpret(
      deployed,
      new Map<string, Tensor>([[input.name, tensor('float32', input.shape, sample)]]),
    );
    inputs.push(new Uint8Array(sample.buffer));
    expectedOutputs.push(bytesOf(deployed.outputs.map((name) => outputs.get(name))));
  }
  const { prefix, files } = emitC(program);
  return { prefix, files, inputs, expectedOutputs };
}

function bytesOf(tensors: readonly (Tensor | undefined)[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      tensors.map((each) =>
        each === undefined
          ? new Uint8Array()
          : new Uint8Array(each.data.buffer, each.data.byteOffset, each.data.byteLength),
      ),
    ),
  );
}

function makeArtifacts(
  model: Graph,
  kit: MeasurementKit,
  report: CompressionReport,
  programs: readonly Program[],
  metrics: Metrics,
): Artifact[] {
  const text = new TextEncoder();
  const boards = programs.map((program) => ({
    board: program.board.name,
    arenaBytes: program.arenaBytes,
    ...predictSizes(program),
    layers: reportLayers(program),
  }));
  const lowerBound = programs[0].memory.lowerBoundBytes;
  const document = {
    metrics,
    compression: report,
    planner: { peak: programs[0].memory.peakBytes, lowerBound },
    boards,
  };
  return [
    { name: 'model.onnx', mediaType: 'application/octet-stream', bytes: exportOnnx(model) },
    {
      name: 'sources.zip',
      mediaType: 'application/zip',
      bytes: writeZip(kit.files.map(({ path, text: content }) => ({ name: path, bytes: text.encode(content) }))),
    },
    {
      name: 'report.json',
      mediaType: 'application/json',
      bytes: text.encode(`${JSON.stringify(document, null, 2)}\n`),
    },
  ];
}

function reportLayers(program: Program) {
  return predictSizes(program).layers.map(({ name, op, macs, weightBytes, encoding }) => ({
    name,
    op,
    macs,
    weightBytes,
    encoding,
  }));
}
