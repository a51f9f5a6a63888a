/** Names of metrics that differ between boards. */
import type { BoardSpec } from '../board-spec.ts';

/**
 * The names under which a board reports a metric: `metric` for the first board, `metric@name` for every board where there are several.
 * Of the further boards only sizes and times are reported; the rest is the same.
 */
export function boardMetricNames(metric: string, boards: readonly BoardSpec[], index: number): string[] {
  const differs = metric.endsWith('Bytes') || metric.endsWith('Us');
  return [
    ...(index === 0 ? [metric] : []),
    ...(differs && boards.length > 1 ? [`${metric}@${boards[index].name}`] : []),
  ];
}
