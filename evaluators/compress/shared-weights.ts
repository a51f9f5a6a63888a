/**
 * Supernet mode: the first trial of a network trains one set of weights for all widths, every trial slices its own out of it,
 * recalibrates BatchNormalization and, with promise, is fine-tuned for a moment. The shared weights do not depend on the trial; they stay in
 * the process that trained them and, given a folder, in a file for others.
 */
import path from 'node:path';
import type { CompressionPlan, FinetunePlan, SupernetPlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { CheckpointContent } from '../train/checkpoint-file.ts';
import { CheckpointSlot, type Identified } from '../train/checkpoint-slot.ts';
import type { Dataset } from '../train/data/dataset.ts';
import { fingerprint } from '../train/data/fingerprint.ts';
import { evaluate } from '../train/evaluate.ts';
import { createStream } from '../train/rng.ts';
import { type SupernetCheckpoint, trainSupernet } from '../train/supernet.ts';
import { changedWeights, withWeights } from '../train/trained-weights.ts';
import { trainingIdentity } from '../train/training-identity.ts';
import { CHECKPOINT_SECONDS } from '../train/training-journal.ts';
import type { CompressHooks } from './compress-hooks.ts';
import { CompressionError } from './compression-error.ts';
import { prunableLayers } from './dependencies/dependency-groups.ts';
import { makeSubnets } from './make-subnets.ts';

/** Sub-networks that are trained; others between them profit. */
const SUBNETS = 16;
/** Narrowest share of a layer's structures. */
const LEAST = 0.06;
const HYPER = { optimizer: 'nesterov', schedule: 'cosine', batchSize: 48 } as const;
const DEFAULT_RATE = 0.02;
/** Samples that tell the promise of a slice, and the share of its errors that a moment of training can leave at best. */
const PROMISE_SAMPLES = 1000;
const ERRORS_LEFT = 1 / 5;

const trained = new WeakMap<Graph, Map<string, Promise<Graph>>>();

/** Throws CompressionError when the plan cannot be carried out on slices. */
export function checkSupernetPlan({ supernet, prune, restructure }: CompressionPlan): void {
  if (supernet === undefined) return;
  const isSlice = prune?.granularity === 'structured' && prune.heuristic === 'l1' && (prune.schedule?.steps ?? 1) <= 1;
  if (isSlice && Object.keys(restructure ?? {}).length === 0) return;
  const text = 'a supernet is sliced at once: granularity "structured", heuristic "l1", one step, no changed layers';
  throw new CompressionError('BAD_PLAN', text);
}

/** The network with the weights that all widths share. Rejects as `trainSupernet` does. */
export function sharedWeights(
  graph: Graph,
  dataset: Dataset,
  plan: SupernetPlan,
  hooks: CompressHooks,
): Promise<Graph> {
  const own = trained.get(graph) ?? new Map<string, Promise<Graph>>();
  trained.set(graph, own);
  const key = JSON.stringify([fingerprint(dataset), plan]);
  const known = own.get(key);
  if (known !== undefined) return known;
  const shared = train(graph, dataset, plan, hooks);
  own.set(key, shared);
  shared.catch(() => own.delete(key));
  return shared;
}

async function train(graph: Graph, dataset: Dataset, plan: SupernetPlan, hooks: CompressHooks): Promise<Graph> {
  const stream = createStream(0, 'supernet');
  const groups = prunableLayers(graph).length;
  const random = () => Array.from({ length: groups }, () => LEAST + (1 - LEAST) * stream.nextFloat());
  const subnets = makeSubnets(graph, [LEAST, ...Array.from({ length: SUBNETS }, random)]);
  const training = { ...HYPER, epochs: plan.epochs, learningRate: plan.learningRate ?? DEFAULT_RATE };
  const slot = slotOf(graph, dataset, training, hooks);
  const saved = slot?.read();
  if (saved !== undefined && saved.head.running === undefined) return withWeights(graph, saved.floats);
  const { graph: shared } = await trainSupernet(graph, subnets, dataset, training, {
    seed: 0,
    ...(saved?.head.running === undefined ? {} : { resume: { ...saved.head.running, state: stateOf(saved) } }),
    checkpointSeconds: hooks.checkpointSeconds ?? CHECKPOINT_SECONDS,
    onCheckpoint: ({ state, ...running }) =>
      slot?.write({ running }, { floats: new Map([[STATE, state]]), doubles: new Map() }),
    ...(hooks.signal === undefined ? {} : { signal: hooks.signal }),
    onProgress: ({ step, steps, loss }) =>
      hooks.onProgress?.({
        stage: 'finetune',
        fraction: 0,
        message: `weights for all trials: batch ${step} of ${steps}, loss ${loss.toFixed(4)}`,
      }),
  });
  slot?.write({}, { floats: changedWeights(graph, shared), doubles: new Map() });
  return shared;
}

interface Head extends Identified {
  /** While the training goes on. */
  readonly running?: Omit<SupernetCheckpoint, 'state'>;
}

/** The state of a training that goes on; of a finished one there are the weights, by their own names. */
const STATE = 'state';

function stateOf({ floats }: CheckpointContent<Head>): Float32Array {
  return floats.get(STATE) ?? new Float32Array();
}

function slotOf(
  graph: Graph,
  dataset: Dataset,
  training: FinetunePlan,
  { sharedWeightsIn, onWarning }: CompressHooks,
): CheckpointSlot<Head> | undefined {
  if (sharedWeightsIn === undefined) return undefined;
  const identity = trainingIdentity(graph, dataset, training, { seed: 0 });
  const file = path.join(sharedWeightsIn, `supernet-${SUBNETS}-${LEAST}-${identity.slice(0, 32)}`);
  return new CheckpointSlot<Head>(file, identity, onWarning ?? (() => {}));
}

/** Accuracy of a slice on training samples. Throws CompressionError HOPELESS when no short training could reach what is asked. */
export function checkPromise(slice: Graph, dataset: Dataset, minimumAccuracy: number | undefined): number {
  const { accuracy } = evaluate(slice, dataset, { split: 'train', limit: PROMISE_SAMPLES });
  if (minimumAccuracy === undefined || 1 - (1 - accuracy) * ERRORS_LEFT >= minimumAccuracy) return accuracy;
  const percent = (share: number): string => (100 * share).toFixed(1);
  const text = `given up before training: this slice of the supernet is right for ${percent(accuracy)} %, ${percent(minimumAccuracy)} % asked`;
  throw new CompressionError('HOPELESS', text);
}
