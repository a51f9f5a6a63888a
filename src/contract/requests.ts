/** Bodies of the requests about trials. Metrics are checked by the study (422 naming the metric), hence `Unknown` here. */
import { type Static, Type } from 'typebox';
import { ParamsSchema } from './parameter.ts';
import { oneOf, strictObject } from './strict-object.ts';
import { BudgetSchema, ConstraintSchema } from './study.ts';
import { TELL_STATES } from './trial.ts';

const idSchema = Type.String({ minLength: 1, maxLength: 200 });
const userAttrsSchema = Type.Record(Type.String(), Type.Unknown(), { description: 'Free JSON.' });
const metricsSchema = Type.Record(Type.String(), Type.Unknown(), {
  description: 'Metric name -> number, or {mean, stderr?, n?}. Finite numbers only.',
});

export const AskRequestSchema = strictObject(
  {
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default `sampler.batch`, else 1.' })),
    clientId: Type.Optional(idSchema),
    requestId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: 'The same clientId and requestId get the same trials again.',
      }),
    ),
    leaseSeconds: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, maximum: 604_800, description: 'Default 300. Renewed by heartbeats.' }),
    ),
  },
  { $id: 'AskRequest' },
);

export const EnqueueRequestSchema = strictObject(
  { params: ParamsSchema, note: Type.Optional(Type.String({ maxLength: 10_000 })) },
  { $id: 'EnqueueRequest' },
);

export const HeartbeatRequestSchema = strictObject(
  {
    fence: Type.Integer({ minimum: 0 }),
    progress: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    intermediate: Type.Optional(
      Type.Union([
        strictObject({
          step: Type.Integer({ minimum: 0 }),
          metrics: Type.Record(Type.String(), Type.Number()),
          stderr: Type.Optional(
            Type.Record(Type.String(), Type.Number({ minimum: 0 }), {
              description: 'Standard errors of values that are estimates.',
            }),
          ),
        }),
        Type.Record(Type.String(), Type.Number()),
      ]),
    ),
    final: Type.Optional(
      Type.Record(Type.String(), Type.Number(), {
        description:
          'Metrics that are known for good before the trial ends, such as sizes; studies with `earlyStopping`.',
      }),
    ),
  },
  { $id: 'HeartbeatRequest' },
);

export const HeartbeatAnswerSchema = strictObject({
  leaseUntil: Type.String(),
  directive: oneOf(['continue', 'stop', 'abandon'], {
    description: 'stop: the trial is unlikely to improve the front, tell it as `pruned`. abandon: nobody waits for it.',
  }),
  probability: Type.Optional(
    Type.Number({ description: 'That the finished trial would improve the front; studies with `earlyStopping`.' }),
  ),
  reason: Type.Optional(Type.String()),
});

export const TellRequestSchema = strictObject(
  {
    fence: Type.Integer({ minimum: 0 }),
    state: Type.Optional(oneOf(TELL_STATES)),
    metrics: Type.Optional(metricsSchema),
    reason: Type.Optional(Type.String({ maxLength: 10_000 })),
    userAttrs: Type.Optional(userAttrsSchema),
    retryable: Type.Optional(Type.Boolean({ description: 'Of a failed trial: false = do not try again.' })),
  },
  { $id: 'TellRequest' },
);

/** One line of a tell-batch: a known result by its params, or the result of a trial that was asked for. */
export const TellBatchItemSchema = Type.Union([
  strictObject({
    params: ParamsSchema,
    state: Type.Optional(oneOf(TELL_STATES)),
    metrics: Type.Optional(metricsSchema),
    reason: Type.Optional(Type.String({ maxLength: 10_000 })),
    userAttrs: Type.Optional(userAttrsSchema),
  }),
  strictObject({
    trial: Type.String(),
    fence: Type.Integer({ minimum: 0 }),
    state: Type.Optional(oneOf(TELL_STATES)),
    metrics: Type.Optional(metricsSchema),
    reason: Type.Optional(Type.String({ maxLength: 10_000 })),
    userAttrs: Type.Optional(userAttrsSchema),
    retryable: Type.Optional(Type.Boolean()),
  }),
]);

export const StudyPatchSchema = strictObject(
  {
    budget: Type.Optional(BudgetSchema),
    parallel: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
    notes: Type.Optional(Type.String({ maxLength: 100_000 })),
    tags: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 100 })),
    constraints: Type.Optional(Type.Array(ConstraintSchema, { maxItems: 64 })),
  },
  { $id: 'StudyPatch' },
);

export const CloneRequestSchema = strictObject(
  { name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })), trials: Type.Optional(Type.Boolean()) },
  { $id: 'CloneRequest' },
);

export type AskRequest = Static<typeof AskRequestSchema>;
export type EnqueueRequest = Static<typeof EnqueueRequestSchema>;
export type HeartbeatRequest = Static<typeof HeartbeatRequestSchema>;
export type HeartbeatAnswer = Static<typeof HeartbeatAnswerSchema>;
export type TellRequest = Static<typeof TellRequestSchema>;
export type TellBatchItem = Static<typeof TellBatchItemSchema>;
export type StudyPatch = Static<typeof StudyPatchSchema>;
export type CloneRequest = Static<typeof CloneRequestSchema>;
