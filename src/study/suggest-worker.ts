/**
 * The thread that thinks of the next trials, so that requests are answered while a model is being fitted. It remembers the
 * observations of the studies it serves and is sent only what changed; when its memory does not match it asks for everything.
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
  /** Number of changes that the worker must have seen for `changed` to be enough; 0 = `changed` is everything. */
  readonly baseVersion: number;
  readonly version: number;
  readonly changed: readonly ObservedTrial[];
  /** Number of the first trial that is suggested: the stream of random numbers. */
  readonly number: number;
  readonly count: number;
}

export type SuggestAnswer = { readonly kind: 'needAll' } | SuggestResult;

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
    sampler: isSame ? known.sampler : await buildSampler(task, problem),
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
  memory.version = request.version;
  const rng = createRng(request.task.sampler.seed, request.number, 'suggest');
  const found = memory.sampler.suggest(memory.observations, rng, request.count);
  return foretellConstraints(memory.problem, memory.observations, found);
}
