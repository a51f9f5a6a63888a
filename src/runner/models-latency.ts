/** Whether a campaign's trials run on virtual boards: compiling and running take a second or two, so only where latency counts. */
import type { EvaluationSpec } from '../contract/study.ts';
import { compileConstraints } from '../study/constraint.ts';
import type { StudyRecord } from '../study/study.ts';

/** The name of a metric without its board. */
export function baseMetric(metric: string): string {
  return metric.split('@')[0] ?? metric;
}

export async function modelsLatency(
  { objectives, constraints }: Pick<StudyRecord, 'objectives' | 'constraints'>,
  { measure }: Pick<EvaluationSpec, 'measure'>,
): Promise<boolean> {
  if (measure === 'measured') return false;
  const read = (await compileConstraints(constraints)).flatMap((constraint) => constraint.metrics);
  return [...objectives.map(({ metric }) => metric), ...read].some((metric) => baseMetric(metric) === 'latencyUs');
}
