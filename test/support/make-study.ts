/** Small studies for tests of the daemon. */
import type { StudyDefinition } from '../../src/contract/study.ts';
import type { WireTrial } from '../../src/contract/trial.ts';
import type { StudyService } from '../../src/study/study-service.ts';

/** Two objectives, a continuous and an integer parameter; everything can be overridden. */
export function makeDefinition(change: Partial<StudyDefinition> = {}): StudyDefinition {
  return {
    name: 'study',
    objectives: [
      { metric: 'loss', direction: 'minimize' },
      { metric: 'accuracy', direction: 'maximize' },
    ],
    space: [
      { name: 'x', type: 'float', low: 0, high: 1 },
      { name: 'n', type: 'int', low: 1, high: 9 },
    ],
    sampler: { kind: 'random', seed: 7 },
    ...change,
  };
}

/** A space of exactly `cells` points. */
export function finiteSpace(cells: number): StudyDefinition['space'] {
  return [{ name: 'n', type: 'int', low: 1, high: cells }];
}

export function metricsOf(trial: Pick<WireTrial, 'params'>): Record<string, number> {
  const x = Number(trial.params['x'] ?? 0.5);
  const n = Number(trial.params['n'] ?? 1);
  return { loss: x + 0.01 * n, accuracy: Math.sqrt(x) + 0.001 * n };
}

export function fenceOf(trial: WireTrial | undefined): { readonly id: string; readonly fence: number } {
  if (trial === undefined || trial.fence === null) throw new Error('the trial has no fence');
  return { id: trial.id, fence: trial.fence };
}

/** Asks for one trial and tells a result that follows from its params. */
export async function runOne(service: StudyService, study: string): Promise<WireTrial> {
  const [asked] = await service.ask(study);
  const { id, fence } = fenceOf(asked);
  if (asked === undefined) throw new Error('nothing was given');
  return service.tell(id, { fence, metrics: metricsOf(asked) });
}
