/** Runs in a worker thread: evaluates trials, plans campaigns, describes uploaded models. Networks and data sets stay loaded. */
import { readFileSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import {
  checkModelFits,
  countCost,
  evaluateTrial,
  type Graph,
  loadDataset,
  loadNetwork,
  prunableLayers,
  type TrialEvaluation,
} from '@tinypareto/evaluators';
import type { ParameterSpec, WireParams } from '../contract/parameter.ts';
import { decodePlan } from '../study/decode-plan.ts';
import { expandPreset, loadPreset } from '../study/space-preset.ts';
import { inputError } from './input-errors.ts';
import { knownSizes } from './known-sizes.ts';
import type {
  DescribeTask,
  EvaluateTask,
  IntermediateAnswer,
  ModelSummary,
  PlannedSpace,
  PlanTask,
  TrialTask,
  WorkerAnswer,
  WorkerMessage,
} from './trial-task.ts';

export default async function run({
  task,
  buildFolder,
  port,
}: {
  readonly task: TrialTask;
  readonly buildFolder: string;
  readonly port?: MessagePort;
}): Promise<WorkerAnswer<TrialTask['kind']>> {
  try {
    return { ok: true, result: await dispatch(task, buildFolder, port) };
  } catch (error) {
    const known = inputError(error);
    if (known === undefined) throw error;
    const { code, message, where, hint, status, exitCode } = known;
    return {
      ok: false,
      error: {
        code,
        message,
        status,
        exitCode,
        ...(where === undefined ? {} : { where }),
        ...(hint === undefined ? {} : { hint }),
      },
    };
  } finally {
    port?.close();
  }
}

async function dispatch(
  task: TrialTask,
  buildFolder: string,
  port: MessagePort | undefined,
): Promise<TrialEvaluation | PlannedSpace | ModelSummary> {
  switch (task.kind) {
    case 'evaluate':
      return evaluate(task, buildFolder, port);
    case 'plan':
      return planSpace(task);
    case 'describe':
      return describe(task);
  }
}

const models = new Map<string, Uint8Array>();

/** Uploaded models are named by their content and never change; another path is read anew. */
function readModel(file: string): Uint8Array {
  const isContentAddressed = /[/\\][0-9a-f]{64}$/.test(file);
  const known = isContentAddressed ? models.get(file) : undefined;
  if (known !== undefined) return known;
  const bytes = readFileSync(file);
  if (isContentAddressed) {
    models.clear();
    models.set(file, bytes);
  }
  return bytes;
}

/** Says it, and waits for what the other side answers. */
function askRunner(port: MessagePort, message: WorkerMessage): Promise<IntermediateAnswer> {
  return new Promise((resolve) => {
    port.once('message', resolve);
    port.postMessage(message);
  });
}

function evaluate(task: EvaluateTask, buildFolder: string, port: MessagePort | undefined): Promise<TrialEvaluation> {
  const model = readModel(task.modelFile);
  const { source, checkpoints } = task;
  const say = (message: WorkerMessage): void => port?.postMessage(message);
  const plan =
    'plan' in source
      ? source.plan
      : decodePlan(source.params, prunableLayers(loadNetwork(model)), source.fixed, source.seed);
  return evaluateTrial(
    {
      model,
      dataset: task.dataset,
      plan,
      boards: task.boards,
      limits: task.limits,
      sharedWeightsIn: buildFolder,
      ...(task.modelLatency ? { modelLatencyIn: buildFolder } : {}),
      ...(checkpoints === undefined ? {} : { checkpointsIn: checkpoints.folder }),
      ...(checkpoints?.everySeconds === undefined ? {} : { checkpointSeconds: checkpoints.everySeconds }),
    },
    {
      onProgress: ({ fraction, stage }) => say({ kind: 'progress', fraction, stage }),
      onWarning: (text) => say({ kind: 'warning', text }),
      ...(port !== undefined &&
        task.reportsIntermediate && {
          onIntermediate: async (value) => (await askRunner(port, { kind: 'intermediate', value })).stop,
        }),
    },
  );
}

function planSpace(task: PlanTask): PlannedSpace {
  const graph = loadNetwork(readModel(task.modelFile));
  checkModelFits(graph, loadDataset(task.dataset));
  const { space } = task;
  const layers = prunableLayers(graph);
  const withSizes = (parameters: readonly ParameterSpec[], fixed: WireParams): PlannedSpace => ({
    parameters,
    fixed,
    knownSizes: knownSizes(graph, layers, parameters, fixed, task.boards) ?? null,
  });
  if (!('preset' in space)) return withSizes([...space], {});
  const expanded = expandPreset(loadPreset(space.preset), layers);
  const own = space.parameters ?? [];
  const pinned = { ...expanded.fixed, ...space.fixed };
  const parameters = expanded.parameters
    .filter((parameter) => !own.some((each) => each.name === parameter.name))
    .filter((parameter) => !Object.hasOwn(space.fixed ?? {}, parameter.name));
  // Presets are data with the wire format's shape; only their readonly arrays differ in type.
  return withSizes([...(structuredClone(parameters) as ParameterSpec[]), ...own], pinned);
}

function describe(task: DescribeTask): ModelSummary {
  const graph = loadNetwork(task.bytes);
  const { params, macs, flops } = countCost(graph);
  const operators: Record<string, number> = {};
  for (const { op } of graph.nodes) operators[op.kind] = (operators[op.kind] ?? 0) + 1;
  const isQuantized = Object.keys(operators).some((kind) => /^(QLinear|QGemm|QuantizeLinear)/.test(kind));
  return {
    inputs: graph.inputs.map(port),
    outputs: graph.outputs.map((name) => port(graph.values.get(name) ?? { name, dtype: 'float32', shape: [] })),
    operators,
    params,
    macs,
    flops,
    layers: isQuantized ? [] : prunableLayers(graph),
    format: isQuantized ? 'quantized' : 'float32',
    unsupported: [],
  };
}

function port({ name, dtype, shape }: Pick<Graph['inputs'][number], 'name' | 'dtype' | 'shape'>) {
  return { name, dtype, shape };
}
