/** The recipe of examples/lenet-mnist/smallest.yaml, and a cheaper one of the same widths for a short run. */
import { readFileSync } from 'node:fs';
import type { CompressionPlan } from '@tinypareto/evaluators';
import { parse } from 'yaml';

/** At once and without more epochs than it needs: the wide networks on the way cost most. */
const SHORT = { schedule: { kind: 'oneShot', steps: 1 }, epochs: 8 } as const;

export function smallestLenet(isFull: boolean): CompressionPlan {
  const file = new URL('../../examples/lenet-mnist/smallest.yaml', import.meta.url);
  const plan = parse(readFileSync(file, 'utf8')) as CompressionPlan;
  const { prune, finetune } = plan;
  if (isFull || prune === undefined || finetune === undefined) return plan;
  return {
    ...plan,
    prune: { ...prune, schedule: SHORT.schedule },
    finetune: { ...finetune, epochs: SHORT.epochs },
  };
}
