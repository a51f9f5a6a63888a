/** A study: the body of `POST /v1/studies`, of a campaign file, and what the daemon answers about one. */
import { type Static, Type } from 'typebox';
import { DatasetReferenceSchema } from './dataset.ts';
import { MetricNameSchema, MetricsSchema } from './metric.ts';
import { ParamsSchema, SamplerSchema, SpaceSchema } from './parameter.ts';
import { oneOf, strictObject } from './strict-object.ts';

export const ObjectiveSchema = strictObject({
  metric: MetricNameSchema,
  direction: oneOf(['minimize', 'maximize']),
  reference: Type.Optional(
    Type.Number({
      description: "Worst value of interest: the objective's coordinate of the hypervolume reference point.",
    }),
  ),
});

export const ConstraintSchema = Type.Union([
  Type.String({ minLength: 3, maxLength: 500, description: 'For example `romBytes <= 1000 kB`.' }),
  strictObject({ metric: MetricNameSchema, op: oneOf(['<=', '<', '>=', '>', '==']), bound: Type.Number() }),
]);

/** Metric -> formula over the parameters. */
const FormulasSchema = Type.Record(MetricNameSchema, Type.String({ minLength: 1, maxLength: 4000 }));

export const BudgetSchema = strictObject({
  trials: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000_000 })),
  hours: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100_000 })),
  stopWhenNoGain: Type.Optional(
    strictObject(
      {
        trials: Type.Integer({ minimum: 1 }),
        hypervolumeGain: Type.Number({ minimum: 0 }),
      },
      { description: 'Stop when the hypervolume grew by less than this share over the last completed trials.' },
    ),
  ),
});

export const EarlyStoppingSchema = strictObject(
  {
    horizon: Type.Optional(
      Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.String({ minLength: 1, maxLength: 4000 })], {
        description:
          'Step at which a trial ends: a number, or a formula of the parameters such as `epochs`. Not for campaigns, whose steps are percent of the training.',
      }),
    ),
    threshold: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Least chance to improve the front; default 0.05.' }),
    ),
    minSteps: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Steps before a trial may be stopped; default 2.' }),
    ),
    minCompleted: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Completed trials before any may be stopped; default 5.' }),
    ),
  },
  {
    description:
      'Stop trials whose intermediate values (heartbeats; in a campaign the accuracy while training) say that they will not improve the front.',
  },
);

export const TransferSchema = strictObject(
  {
    study: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Name or id of an earlier study with mostly the same space.',
    }),
    discount: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Trust in it before own trials can tell; default 0.7.' }),
    ),
  },
  { description: 'Models of an earlier study are the prior means of this one; samplers with a model.' },
);

export const FidelitySchema = strictObject(
  {
    parameter: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Sets the effort: epochs, share of the data.',
    }),
    seconds: Type.String({
      minLength: 1,
      maxLength: 4000,
      description: 'What an evaluation costs, a formula of the parameters such as `5 + 30 * epochs`.',
    }),
  },
  { description: 'Look for hypervolume per second instead of per trial; samplers with a model.' },
);

export const MEASURES = ['simulated', 'modelled', 'measured', 'best-available'] as const;

export const EvaluationSchema = strictObject({
  kind: Type.Literal('compression'),
  model: Type.String({ minLength: 1, maxLength: 4096, description: 'A file, or the sha256 of an uploaded model.' }),
  dataset: DatasetReferenceSchema,
  board: Type.Union([
    Type.String({ minLength: 1, maxLength: 100 }),
    Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { minItems: 1, maxItems: 16 }),
  ]),
  measure: Type.Optional(oneOf(MEASURES)),
  parallel: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
});

export const StudyDefinitionSchema = strictObject(
  {
    name: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^(?!st_)[^/\\\\?#%\\u0000-\\u001f]+$',
      description: 'Unique. Not `/ \\ ? # %` and not starting with st_.',
    }),
    objectives: Type.Array(ObjectiveSchema, { minItems: 1, maxItems: 16 }),
    constraints: Type.Optional(
      Type.Array(ConstraintSchema, {
        maxItems: 64,
        description: 'Over metrics, or over parameters: points that break one of the latter are never tried.',
      }),
    ),
    space: SpaceSchema,
    known: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        ...FormulasSchema,
        description:
          'Metrics that are exact formulas of the parameters: `{romBytes: "4 * width1 * width2"}`. They need not be told.',
      }),
    ),
    priorMean: Type.Optional(
      Type.Unsafe<Record<string, string>>({
        ...FormulasSchema,
        description: 'Metrics that such a formula approximates: the model learns the difference.',
      }),
    ),
    sampler: Type.Optional(SamplerSchema),
    budget: Type.Optional(BudgetSchema),
    earlyStopping: Type.Optional(EarlyStoppingSchema),
    transfer: Type.Optional(TransferSchema),
    fidelity: Type.Optional(FidelitySchema),
    enqueue: Type.Optional(
      Type.Array(strictObject({ params: ParamsSchema, note: Type.Optional(Type.String({ maxLength: 10_000 })) }), {
        maxItems: 10_000,
        description: 'Points to try first, in this order; partial params are completed.',
      }),
    ),
    evaluation: Type.Optional(EvaluationSchema),
    maxAttempts: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, description: 'How often a failed trial is tried in all.' }),
    ),
    notes: Type.Optional(Type.String({ maxLength: 100_000 })),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 100 })),
  },
  { $id: 'StudyDefinition' },
);

export const STUDY_STATES = ['running', 'paused', 'stopping', 'completed', 'cancelled', 'archived'] as const;
export const STUDY_REASONS = ['budget', 'noGain', 'exhausted', 'user', 'diskFull'] as const;

export const TrialCountsSchema = strictObject({
  waiting: Type.Integer(),
  running: Type.Integer(),
  completed: Type.Integer(),
  infeasible: Type.Integer(),
  failed: Type.Integer(),
  pruned: Type.Integer(),
  abandoned: Type.Integer(),
  total: Type.Integer(),
});

/** A study as the daemon shows it. */
export const StudySchema = strictObject(
  {
    id: Type.String(),
    name: Type.String(),
    state: oneOf(STUDY_STATES),
    reason: Type.Union([oneOf(STUDY_REASONS), Type.Null()]),
    objectives: Type.Array(ObjectiveSchema),
    constraints: Type.Array(ConstraintSchema),
    space: SpaceSchema,
    parameters: Type.Array(Type.Unknown(), { description: 'The explicit parameters, presets expanded.' }),
    fixed: Type.Optional(ParamsSchema),
    known: Type.Optional(FormulasSchema),
    priorMean: Type.Optional(FormulasSchema),
    sampler: SamplerSchema,
    budget: BudgetSchema,
    earlyStopping: Type.Optional(EarlyStoppingSchema),
    transfer: Type.Optional(TransferSchema),
    fidelity: Type.Optional(FidelitySchema),
    evaluation: Type.Optional(EvaluationSchema),
    maxAttempts: Type.Integer(),
    notes: Type.String(),
    tags: Type.Array(Type.String()),
    createdAt: Type.String(),
    updatedAt: Type.String(),
    revision: Type.Integer({ description: 'Grows with every change of the study itself; the ETag.' }),
    counts: TrialCountsSchema,
    frontSize: Type.Integer(),
    hypervolume: Type.Union([
      strictObject({ reference: Type.Array(Type.Number()), value: Type.Number() }),
      Type.Null(),
    ]),
    lastEvent: Type.Integer(),
    replayed: Type.Optional(Type.Boolean()),
  },
  { $id: 'Study' },
);

export const FrontPointSchema = strictObject({
  trial: Type.String(),
  number: Type.Integer(),
  params: ParamsSchema,
  metrics: MetricsSchema,
  artifacts: Type.Array(Type.String()),
});

export type ObjectiveSpec = Static<typeof ObjectiveSchema>;
export type ConstraintSpec = Static<typeof ConstraintSchema>;
export type BudgetSpec = Static<typeof BudgetSchema>;
export type EarlyStoppingSpec = Static<typeof EarlyStoppingSchema>;
export type FidelitySpec = Static<typeof FidelitySchema>;
export type TransferSpec = Static<typeof TransferSchema>;
export type EvaluationSpec = Static<typeof EvaluationSchema>;
export type StudyDefinition = Static<typeof StudyDefinitionSchema>;
export type StudyState = (typeof STUDY_STATES)[number];
export type StudyReason = (typeof STUDY_REASONS)[number];
export type TrialCounts = Static<typeof TrialCountsSchema>;
export type StudyView = Static<typeof StudySchema>;
export type FrontPoint = Static<typeof FrontPointSchema>;
