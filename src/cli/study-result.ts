/** What a campaign comes to: trials, hypervolume and front, as `run`, `demo` and `front` print it. */
import type { FrontPoint, StudyView } from '../contract/study.ts';
import type { ApiClient } from './api-client.ts';
import { formatBytes, formatMetric, formatNumber, formatParams } from './format-values.ts';
import { renderTable } from './render-table.ts';

export interface StudyResult {
  readonly study: StudyView;
  readonly front: readonly FrontPoint[];
  readonly json: {
    readonly study: string;
    readonly name: string;
    readonly state: string;
    readonly reason: string | null;
    readonly trials: number;
    readonly counts: StudyView['counts'];
    readonly hypervolume: StudyView['hypervolume'];
    readonly front: readonly FrontPoint[];
  };
}

export async function readStudyResult(api: ApiClient, nameOrId: string): Promise<StudyResult> {
  const path = `/v1/studies/${encodeURIComponent(nameOrId)}`;
  const study = await api.json<StudyView>('GET', path);
  const answer = await api.json<{ front: FrontPoint[] }>('GET', `${path}/front`);
  const front = sortByFirstObjective(study, answer.front);
  const { completed, infeasible, failed, pruned, abandoned } = study.counts;
  return {
    study,
    front,
    json: {
      study: study.id,
      name: study.name,
      state: study.state,
      reason: study.reason,
      trials: completed + infeasible + failed + pruned + abandoned,
      counts: study.counts,
      hypervolume: study.hypervolume,
      front,
    },
  };
}

/** Best value of the first objective first. */
function sortByFirstObjective(study: StudyView, front: readonly FrontPoint[]): FrontPoint[] {
  const [objective] = study.objectives;
  if (objective === undefined) return [...front];
  const sign = objective.direction === 'maximize' ? -1 : 1;
  const value = (point: FrontPoint): number =>
    sign * (point.metrics[objective.metric]?.mean ?? Number.POSITIVE_INFINITY);
  return [...front].sort((a, b) => value(a) - value(b) || a.number - b.number);
}

/** Metrics worth a column besides the objectives. */
const EXTRA_METRICS = ['romBytes', 'ramBytes', 'macs'] as const;

export function renderFront(result: StudyResult): string {
  const { study, front } = result;
  if (front.length === 0) return `${study.name}: no feasible trial yet`;
  const objectives = study.objectives.map((objective) => objective.metric);
  const extra = EXTRA_METRICS.filter(
    (metric) => !objectives.includes(metric) && front.some((point) => point.metrics[metric]),
  );
  const metrics = [...objectives, ...extra];
  const table = renderTable(
    [
      { title: 'trial', align: 'right' },
      ...metrics.map((metric) => ({ title: metric, align: 'right' as const })),
      { title: 'params' },
    ],
    front.map((point) => [
      String(point.number),
      ...metrics.map((metric) => formatMetric(metric, point.metrics[metric])),
      formatParams(point.params),
    ]),
  );
  const volume = study.hypervolume === null ? '' : `, hypervolume ${formatNumber(study.hypervolume.value)}`;
  return `${table}\n\n${front.length} Pareto-optimal of ${study.counts.completed} completed trials${volume}${sizeRange(front)}`;
}

function sizeRange(front: readonly FrontPoint[]): string {
  const sizes = front.flatMap((point) => point.metrics['romBytes']?.mean ?? []);
  return sizes.length === 0
    ? ''
    : `, ${formatBytes(Math.min(...sizes))} to ${formatBytes(Math.max(...sizes))} of flash`;
}
