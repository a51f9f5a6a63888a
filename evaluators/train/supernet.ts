/**
 * A slimmable supernet: one set of weights trained so that many sub-networks sliced out of it work without training of their own (Yu and
 * Huang, "Universally slimmable networks", ICCV 2019). Every batch trains the whole network on the labels, then the smallest and some
 * random sub-networks on the whole network's answers (sandwich rule, in-place distillation); their gradients add up in the shared weights.
 */
import type { FinetunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import { isTensorOf, tensor } from '../ir/tensor.ts';
import { BatchFeeder } from './data/batch-feeder.ts';
import { checkModelFits, type Dataset } from './data/dataset.ts';
import type { EngineKind } from './engine.ts';
import { DivergedError, type FinetuneProgress } from './finetune.ts';
import { recalibrateBatchNorm } from './recalibrate.ts';
import { createStream, type Stream } from './rng.ts';
import { createSchedule } from './schedule.ts';
import { compileTraining, type TrainingProgram } from './training-program.ts';

/** A sub-network: its graph, and which element of the whole network's initializer each of its weights is. */
export interface Subnet {
  readonly name: string;
  readonly graph: Graph;
  readonly indices: ReadonlyMap<string, Int32Array>;
}

export interface SupernetOptions {
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Omit<FinetuneProgress, 'accuracy'>) => void;
  /** Random sub-networks per batch, besides the smallest; default 2. */
  readonly random?: number;
  readonly engine?: EngineKind;
  /** Go on from here; everything else must be as in the interrupted run. */
  readonly resume?: SupernetCheckpoint;
  readonly onCheckpoint?: (checkpoint: SupernetCheckpoint) => void;
  /** Age at which the last checkpoint is replaced. */
  readonly checkpointSeconds?: number;
}

/** Everything needed to go on from a step as if nothing had happened: the students hold nothing of their own. */
export interface SupernetCheckpoint {
  /** Steps done. */
  readonly step: number;
  readonly state: Float32Array;
  /** Mean losses of the epochs done, and the sum over the unfinished one. */
  readonly losses: readonly number[];
  readonly sum: number;
}

export interface SupernetResult {
  /** The whole network with the shared weights. */
  readonly graph: Graph;
  /** Mean loss of the whole network, per epoch. */
  readonly losses: readonly number[];
}

const DEFAULT_RANDOM = 2;
const DEFAULT_MOMENTUM = 0.9;
const DEFAULT_BATCH = 64;
const YIELD_MS = 40;
/** Integers up to here survive as float32. */
const LARGEST_INDEX = 2 ** 24;

/** The graph with every float initializer replaced by the numbers 0, 1, 2 …: slicing it shows which elements a sub-network keeps. */
export function indexGraph(graph: Graph): Graph {
  const initializers = new Map(graph.initializers);
  for (const [name, value] of graph.initializers) {
    if (!isTensorOf(value, 'float32')) continue;
    if (value.data.length > LARGEST_INDEX) throw new Error(`${name} has too many elements for a supernet`);
    initializers.set(
      name,
      tensor(
        'float32',
        value.shape,
        Float32Array.from(value.data, (_, i) => i),
      ),
    );
  }
  return { ...graph, initializers };
}

/** A sub-network from a graph that was sliced out of `indexGraph(whole)`. */
export function subnetFrom(name: string, whole: Graph, slicedIndices: Graph): Subnet {
  const indices = new Map<string, Int32Array>();
  const initializers = new Map(slicedIndices.initializers);
  for (const [key, value] of slicedIndices.initializers) {
    const source = whole.initializers.get(key);
    if (source === undefined || !isTensorOf(source, 'float32') || !isTensorOf(value, 'float32')) continue;
    const index = Int32Array.from(value.data);
    indices.set(key, index);
    initializers.set(
      key,
      tensor(
        'float32',
        value.shape,
        Float32Array.from(index, (i) => source.data[i]),
      ),
    );
  }
  return { name, graph: { ...slicedIndices, initializers }, indices };
}

/** The sub-network with the whole network's current weights and, when it has BatchNormalization, statistics of its own. */
export function sliceSubnet(whole: Graph, subnet: Subnet, dataset: Dataset, seed: number): Graph {
  const initializers = new Map(subnet.graph.initializers);
  for (const [name, index] of subnet.indices) {
    const source = whole.initializers.get(name);
    const target = initializers.get(name);
    if (source === undefined || target === undefined) continue;
    initializers.set(
      name,
      tensor(
        'float32',
        target.shape,
        Float32Array.from(index, (i) => Number(source.data[i])),
      ),
    );
  }
  return recalibrateBatchNorm({ ...subnet.graph, initializers }, dataset, { seed });
}

interface Student {
  readonly program: TrainingProgram;
  readonly indices: ReadonlyMap<string, Int32Array>;
}

/** One pass of a student on the teacher's batch; adds its gradients to the teacher's. */
function teachStudent(teacher: TrainingProgram, soft: Float32Array, { program, indices }: Student): void {
  for (const [name, weights] of program.weights) {
    const shared = teacher.weights.get(name);
    const index = indices.get(name);
    if (shared === undefined || index === undefined) continue;
    for (let i = 0; i < weights.length; i++) weights[i] = shared[index[i]];
  }
  program.input.set(teacher.input);
  program.target.set(soft);
  program.forward();
  program.backward();
  for (const [name, gradient] of program.gradients) {
    const shared = teacher.gradients.get(name);
    const index = indices.get(name);
    if (shared === undefined || index === undefined) continue;
    for (let i = 0; i < gradient.length; i++) shared[index[i]] += gradient[i];
  }
}

function softmaxRows(logits: Float32Array, classes: number): Float32Array {
  const soft = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    let top = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) top = Math.max(top, logits[row + c]);
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits[row + c] - top);
    for (let c = 0; c < classes; c++) soft[row + c] = Math.exp(logits[row + c] - top) / sum;
  }
  return soft;
}

function weightCount(subnet: Subnet): number {
  let count = 0;
  for (const index of subnet.indices.values()) count += index.length;
  return count;
}

/** The smallest first, then `random` others. */
function chooseStudents(students: readonly Student[], random: number, stream: Stream): Student[] {
  const [smallest, ...rest] = students;
  const chosen = [smallest];
  for (let i = 0; i < random && rest.length > 0; i++) chosen.push(rest[stream.nextInt(rest.length)]);
  return chosen;
}

/** Trains the shared weights of `whole` for all `subnets`. Throws as `finetune` does. */
export async function trainSupernet(
  whole: Graph,
  subnets: readonly Subnet[],
  dataset: Dataset,
  plan: FinetunePlan,
  options: SupernetOptions,
): Promise<SupernetResult> {
  if (subnets.length === 0) throw new Error('a supernet needs at least one sub-network');
  checkModelFits(whole, dataset);
  const { seed, random = DEFAULT_RANDOM } = options;
  const batch = Math.min(plan.batchSize ?? DEFAULT_BATCH, dataset.train.count);
  const feeder = new BatchFeeder(dataset, { batch, seed, augment: plan.augment ?? [], loss: 'crossEntropy' });
  const steps = Math.round(plan.epochs * feeder.perEpoch);
  const engine = options.engine === undefined ? {} : { engine: options.engine };
  const { optimizer, labelSmoothing = 0 } = plan;
  const teacher = compileTraining(whole, { batch, optimizer, labelSmoothing, ...engine });
  const students = [...subnets]
    .sort((a, b) => weightCount(a) - weightCount(b))
    .map(({ graph, indices }) => ({ program: compileTraining(graph, { batch, ...engine }), indices }));
  const schedule = createSchedule(plan, steps);
  const { clipNorm, momentum = DEFAULT_MOMENTUM, weightDecay = 0 } = plan;
  const fixed = { momentum, weightDecay, ...(clipNorm === undefined ? {} : { clipNorm }) };
  const { resume, onCheckpoint } = options;
  const losses: number[] = [...(resume?.losses ?? [])];
  for (const loss of losses) schedule.epochEnded(loss);
  if (resume !== undefined) teacher.restore(resume.state);
  const checkpointMs = (options.checkpointSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const first = resume?.step ?? 0;
  const started = performance.now();
  let lastYield = started;
  let lastCheckpoint = started;
  let sum = resume?.sum ?? 0;
  for (let step = first; step < steps; step++) {
    options.signal?.throwIfAborted();
    feeder.fill(step, teacher);
    const loss = teacher.forward();
    if (!Number.isFinite(loss)) throw new DivergedError(step, loss);
    teacher.backward();
    const soft = softmaxRows(teacher.output, teacher.classes);
    for (const student of chooseStudents(students, random, createStream(seed, `subnets/${step}`))) {
      teachStudent(teacher, soft, student);
    }
    teacher.update({ ...fixed, learningRate: schedule.rate(step) }, step + 1);
    sum += loss;
    const done = (step % feeder.perEpoch) + 1;
    const epoch = Math.floor(step / feeder.perEpoch);
    const now = performance.now();
    const samplesPerSecond = ((step + 1 - first) * batch * 1000) / (now - started);
    options.onProgress?.({ step: step + 1, steps, epoch, loss: sum / done, samplesPerSecond });
    if (done === feeder.perEpoch || step === steps - 1) {
      losses.push(sum / done);
      schedule.epochEnded(sum / done);
      sum = 0;
    }
    if (onCheckpoint !== undefined && now - lastCheckpoint > checkpointMs) {
      onCheckpoint({ step: step + 1, state: teacher.snapshot(), losses: [...losses], sum });
      lastCheckpoint = performance.now();
    }
    if (now - lastYield > YIELD_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      lastYield = performance.now();
    }
  }
  return { graph: teacher.toGraph(), losses };
}
