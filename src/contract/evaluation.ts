/** One compression without a study: `POST /v1/evaluations`. */
import { type Static, Type } from 'typebox';
import { CompressionPlanSchema } from './compression-plan.ts';
import { DatasetReferenceSchema } from './dataset.ts';
import { MetricsSchema } from './metric.ts';
import { oneOf, strictObject } from './strict-object.ts';
import { MEASURES } from './study.ts';
import { ArtifactLinkSchema } from './trial.ts';

export const EvaluationRequestSchema = strictObject(
  {
    model: Type.String({ minLength: 1, maxLength: 4096, description: 'sha256 of an uploaded model.' }),
    dataset: Type.Optional(DatasetReferenceSchema),
    board: Type.String({ minLength: 1, maxLength: 100 }),
    plan: Type.Optional(CompressionPlanSchema),
    measure: Type.Optional(oneOf(MEASURES)),
  },
  { $id: 'EvaluationRequest' },
);

export const EvaluationViewSchema = strictObject(
  {
    id: Type.String(),
    state: oneOf(['running', 'completed', 'infeasible', 'failed']),
    request: EvaluationRequestSchema,
    metrics: MetricsSchema,
    artifacts: Type.Array(ArtifactLinkSchema),
    reason: Type.Union([Type.String(), Type.Null()]),
    progress: Type.Union([Type.Number(), Type.Null()]),
    createdAt: Type.String(),
    finishedAt: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'Evaluation' },
);

export type EvaluationRequest = Static<typeof EvaluationRequestSchema>;
export type EvaluationView = Static<typeof EvaluationViewSchema>;
