/**
 * The thread that thinks of the next trials, so that requests are answered while a model is being fitted. It remembers the
 * observations of the studies it serves and is sent only what changed; when its memory does not match it asks for everything. While it
 * thinks it looks at a number shared with the main thread, to stop when nobody wants the answer any more.
 */
import {
  createRng,
  type ObservedTrial,
  type Sampler,
  type SamplerProblem,
  type SuggestResult,
} from '@tinypareto/optimizer';
import { contentHash } from '../trial/content-hash.ts';
import { foretellConstraints } from './foretell.ts';
import { buildProblem, buildSampler, type SamplerTask } from './sampler-task.ts';

export interface SuggestRequest {
  readonly task: SamplerTask;
  /** The request that the worker must have seen last for `changed` to be enough; 0 = `changed` is everything. */
  readonly baseVersion: number;
  readonly version: number;
  /** Trials that look different now; those from `number` on are gone. */
  readonly changed: readonly ObservedTrial[];
  /** Number of the first trial that is suggested: the stream of random numbers. */
  readonly number: number;
  readonly count: number;
  /** Shared: 1 = stop. */
  readonly stop: Int32Array;
}

export type SuggestAnswer = { readonly kind: 'needAll' } | { readonly kind: 'interrupted' } | SuggestResult;

class Interrupted extends Error {}

interface Memory {
  readonly taskHash: string;
  readonly problem: SamplerProblem;
  readonly sampler: Sampler;
  readonly observations: ObservedTrial[];
  version: number;
}

/** Studies whose observations are remembered. */
const MOST_STUDIES = 16;
const memories = new Map<string, Memory>();
let stop: Int32Array | null = null;

function interrupt(): void {
  if (stop !== null && Atomics.load(stop, 0) !== 0) throw new Interrupted();
}

async function recall(request: SuggestRequest): Promise<Memory | null> {
  const { task, baseVersion } = request;
  const taskHash = contentHash(task);
  const known = memories.get(task.study);
  if (known !== undefined && known.taskHash === taskHash && known.version === baseVersion) return known;
  if (baseVersion !== 0) return null;
  const isSame = known?.taskHash === taskHash;
  const problem = isSame ? known.problem : await buildProblem(task);
  const fresh: Memory = {
    taskHash,
    problem,
    sampler: isSame ? known.sampler : await buildSampler(task, problem, interrupt),
    observations: [],
    version: 0,
  };
  memories.delete(task.study);
  const [oldest] = memories.keys();
  if (memories.size >= MOST_STUDIES && oldest !== undefined) memories.delete(oldest);
  memories.set(task.study, fresh);
  return fresh;
}

export default async function suggest(request: SuggestRequest): Promise<SuggestAnswer> {
  const memory = await recall(request);
  if (memory === null) return { kind: 'needAll' };
  for (const trial of request.changed) memory.observations[trial.number] = trial;
  memory.observations.length = request.number;
  memory.version = request.version;
  const rng = createRng(request.task.sampler.seed, request.number, 'suggest');
  stop = request.stop;
  try {
    const found = memory.sampler.suggest(memory.observations, rng, request.count);
    return foretellConstraints(memory.problem, memory.observations, found, interrupt);
  } catch (error) {
    if (error instanceof Interrupted) return { kind: 'interrupted' };
    throw error;
  }
}
