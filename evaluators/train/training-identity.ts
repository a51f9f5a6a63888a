/** Everything that decides the bits of a training's result, as one hash: a checkpoint of another training is not gone on with. */
import { createHash, type Hash } from 'node:crypto';
import type { FinetunePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import type { Dataset } from './data/dataset.ts';
import { bytesOf, fingerprint } from './data/fingerprint.ts';
import { describeEngine } from './engine.ts';
import type { FinetuneOptions } from './finetune.ts';

function addGraph(hash: Hash, { inputs, outputs, nodes, initializers }: Graph): void {
  hash.update(JSON.stringify([inputs, outputs, nodes], replaceInfinity));
  for (const [name, { dtype, shape, data }] of initializers) {
    hash.update(JSON.stringify([name, dtype, shape])).update(bytesOf(data));
  }
}

function replaceInfinity(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)) ? String(value) : value;
}

/** SHA-256 over network, data, plan, options and engine; what merely watches does not count. */
export function trainingIdentity(graph: Graph, dataset: Dataset, plan: FinetunePlan, options: FinetuneOptions): string {
  const { seed, mask, teacher, fakeQuant, loss, batchNorm, frozen, engine } = options;
  const hash = createHash('sha256');
  addGraph(hash, graph);
  const grids = [...(fakeQuant ?? [])].map(([name, grid]) => ({
    ...grid,
    name,
    scale: typeof grid.scale === 'number' ? grid.scale : Array.from(grid.scale),
    zeroPoint: typeof grid.zeroPoint === 'number' ? grid.zeroPoint : Array.from(grid.zeroPoint),
  }));
  const rest = [plan, seed, loss, batchNorm, [...(frozen ?? [])], grids, describeEngine(engine), fingerprint(dataset)];
  hash.update(JSON.stringify(rest, replaceInfinity));
  for (const [name, keep] of mask ?? []) hash.update(name).update(keep);
  if (teacher !== undefined) addGraph(hash.update('teacher'), teacher);
  return hash.digest('hex');
}
