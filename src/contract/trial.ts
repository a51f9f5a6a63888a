/** A trial on the wire. */
import { type Static, Type } from 'typebox';
import { MetricsSchema } from './metric.ts';
import { ParamsSchema } from './parameter.ts';
import { oneOf, strictObject } from './strict-object.ts';

export const TRIAL_STATES = ['waiting', 'running', 'completed', 'infeasible', 'failed', 'pruned', 'abandoned'] as const;

/** The states a teller may give a trial. */
export const TELL_STATES = ['completed', 'infeasible', 'failed', 'pruned', 'abandoned'] as const;

export const WhySchema = strictObject({
  origin: Type.String({ description: 'The strategy that made the point: sobol, mobo, enqueued, imported …' }),
  acquisition: Type.Optional(Type.Number()),
  predicted: Type.Optional(Type.Record(Type.String(), strictObject({ mean: Type.Number(), sd: Type.Number() }))),
  note: Type.Optional(Type.String()),
  unseen: Type.Optional(
    Type.Array(Type.Integer(), {
      description: 'Trials that had been told when it was asked for, but not when it was made (`sampler.ahead`).',
    }),
  ),
});

export const ArtifactLinkSchema = strictObject({
  name: Type.String(),
  sha256: Type.String(),
  sizeBytes: Type.Integer(),
  mediaType: Type.String(),
});

export const TrialSchema = strictObject(
  {
    id: Type.String(),
    study: Type.String(),
    number: Type.Integer(),
    state: oneOf(TRIAL_STATES),
    params: ParamsSchema,
    attempt: Type.Integer({ description: '0 before the first attempt.' }),
    fence: Type.Union([Type.Integer(), Type.Null()]),
    leaseUntil: Type.Union([Type.String(), Type.Null()]),
    why: WhySchema,
    metrics: MetricsSchema,
    feasible: Type.Union([Type.Boolean(), Type.Null()]),
    constraints: Type.Record(Type.String(), Type.Number(), {
      description: 'Constraint as written -> violation; at most 0 when it holds.',
    }),
    reason: Type.Union([Type.String(), Type.Null()]),
    userAttrs: Type.Record(Type.String(), Type.Unknown()),
    progress: Type.Union([Type.Number(), Type.Null()]),
    intermediate: Type.Optional(
      Type.Array(
        strictObject({
          step: Type.Integer(),
          metrics: Type.Record(Type.String(), Type.Number()),
          stderr: Type.Optional(Type.Record(Type.String(), Type.Number())),
        }),
        { description: 'What heartbeats have reported, by step; in a campaign by percent of the training.' },
      ),
    ),
    artifacts: Type.Array(ArtifactLinkSchema),
    createdAt: Type.String(),
    startedAt: Type.Union([Type.String(), Type.Null()]),
    finishedAt: Type.Union([Type.String(), Type.Null()]),
    replayed: Type.Optional(Type.Boolean()),
  },
  { $id: 'Trial' },
);

export type TrialState = (typeof TRIAL_STATES)[number];
export type TellState = (typeof TELL_STATES)[number];
export type Why = Static<typeof WhySchema>;
export type ArtifactLink = Static<typeof ArtifactLinkSchema>;
export type WireTrial = Static<typeof TrialSchema>;
