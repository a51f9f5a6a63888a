/** A study on a test problem over REST: defined, asked and told by a client, as anybody's program would. */
import type { ObservedTrial, Params, SamplerKind, TestProblem } from '@tinypareto/optimizer';

/** Sends a request and gives the JSON of a 2xx answer. */
export type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

interface Asked {
  readonly trials: readonly {
    readonly id: string;
    readonly fence: number;
    readonly number: number;
    readonly params: ObservedTrial['params'];
  }[];
}

/** Constraints whose violation is not the metric itself, in the words of a study. */
const CONSTRAINT_TEXTS: ReadonlyMap<string, readonly unknown[]> = new Map([
  ['mixed-compress', ['(romBytes - 262144) / 262144 <= 0']],
]);

/** The body of `POST /v1/studies` for a problem. */
export function wireStudy(
  test: TestProblem,
  kind: SamplerKind,
  seed: number,
  evaluations: number,
  name: string,
  points?: readonly Params[],
) {
  const { problem } = test;
  const constraints =
    CONSTRAINT_TEXTS.get(test.name) ?? problem.constraints.map((c) => ({ metric: c.metrics[0], op: '<=', bound: 0 }));
  return {
    name,
    objectives: problem.objectives,
    space: problem.space.parameters,
    constraints,
    sampler: { kind, seed, ...(points !== undefined && { points }) },
    budget: { trials: evaluations },
  };
}

export interface RestRun {
  readonly observed: readonly ObservedTrial[];
  /** Milliseconds of each ask, as the client sees them. */
  readonly askMs: readonly number[];
  /** Hypervolume as the daemon computes it. */
  readonly hypervolume: number;
}

/** Trials are asked for one at a time and told exactly; `points` are those of the sampler `list`. */
export async function runOverRest(
  call: Call,
  test: TestProblem,
  kind: SamplerKind,
  seed: number,
  evaluations: number,
  points?: readonly Params[],
): Promise<RestRun> {
  const name = `${test.name}-${kind}-${seed}`;
  await call('POST', '/v1/studies', wireStudy(test, kind, seed, evaluations, name, points));
  const observed: ObservedTrial[] = [];
  const askMs: number[] = [];
  for (let i = 0; i < evaluations; i++) {
    const before = performance.now();
    const { trials } = (await call('POST', `/v1/studies/${name}/ask`, {})) as Asked;
    askMs.push(performance.now() - before);
    const [trial] = trials;
    if (trial === undefined) break;
    const metrics = test.measure(trial.params);
    await call('POST', `/v1/trials/${trial.id}/tell`, { fence: trial.fence, metrics });
    observed.push({ number: trial.number, state: 'completed', params: trial.params, metrics });
  }
  const study = (await call('GET', `/v1/studies/${name}`)) as { hypervolume: { value: number } | null };
  return { observed, askMs, hypervolume: study.hypervolume?.value ?? 0 };
}
