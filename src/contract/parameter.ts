/** Parameters of a search space on the wire. The static types equal those of the optimizer's door (a test compares them). */
import { type Static, Type } from 'typebox';
import { oneOf, strictObject } from './strict-object.ts';

export const ParamValueSchema = Type.Union([Type.Number(), Type.String({ maxLength: 1000 }), Type.Boolean()]);

export const ParamsSchema = Type.Record(Type.String(), ParamValueSchema, {
  description: 'A point of the space in native values: parameter name -> value.',
});

const ParameterNameSchema = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^[A-Za-z_][A-Za-z0-9_.\\-/ ]*$',
  description: 'Letters, digits and _ . - / space; starts with a letter.',
});

const ConditionSchema = strictObject({
  param: ParameterNameSchema,
  in: Type.Array(ParamValueSchema, { minItems: 1, maxItems: 1000 }),
});

const floatParameterSchema = strictObject({
  name: ParameterNameSchema,
  type: Type.Literal('float'),
  low: Type.Number(),
  high: Type.Number(),
  step: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  log: Type.Optional(Type.Boolean()),
  when: Type.Optional(ConditionSchema),
});

const intParameterSchema = strictObject({
  name: ParameterNameSchema,
  type: Type.Literal('int'),
  low: Type.Integer(),
  high: Type.Integer(),
  step: Type.Optional(Type.Integer({ minimum: 1 })),
  log: Type.Optional(Type.Boolean()),
  when: Type.Optional(ConditionSchema),
});

const categoricalParameterSchema = strictObject({
  name: ParameterNameSchema,
  type: Type.Literal('categorical'),
  choices: Type.Array(ParamValueSchema, { minItems: 1, maxItems: 10_000 }),
  when: Type.Optional(ConditionSchema),
});

export const ParameterSchema = Type.Union([floatParameterSchema, intParameterSchema, categoricalParameterSchema]);

/** A search-space preset of config/spaces, expanded for the campaign's model; `parameters` replace or add by name, `fixed` pins knobs. */
export const SpacePresetSchema = strictObject({
  preset: Type.String({ minLength: 1, maxLength: 100 }),
  parameters: Type.Optional(Type.Array(ParameterSchema, { maxItems: 1000 })),
  fixed: Type.Optional(ParamsSchema),
});

export const SpaceSchema = Type.Union([
  Type.Array(ParameterSchema, { minItems: 1, maxItems: 1000 }),
  SpacePresetSchema,
]);

export const SAMPLER_KINDS = [
  'mobo',
  'ei',
  'parego',
  'nsga2',
  'ars',
  'sobol',
  'random',
  'grid',
  'list',
  'auto',
] as const;

export const SamplerSchema = strictObject({
  kind: oneOf(SAMPLER_KINDS),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  initialPoints: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
  batch: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      description: 'Points that an ask gives which states no `count`; default 1.',
    }),
  ),
  acquisition: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'What the sampler maximizes, stated: qLogNEHVI (mobo, ars), logNEI (ei), qLogNParEGO (parego).',
    }),
  ),
  points: Type.Optional(
    Type.Array(ParamsSchema, { maxItems: 100_000, description: 'The points of kind `list`, in order.' }),
  ),
  populationSize: Type.Optional(Type.Integer({ minimum: 2, maximum: 10_000 })),
  ahead: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 256,
      description:
        'Points that are kept ready. Each is made from the results that were there so many asks before its own, so that an ask need not wait for the models; default 0: from all results. Samplers with a model.',
    }),
  ),
});

export type ParameterSpec = Static<typeof ParameterSchema>;
export type SpaceSpec = Static<typeof SpaceSchema>;
export type SamplerSpec = Static<typeof SamplerSchema>;
export type WireParams = Static<typeof ParamsSchema>;
