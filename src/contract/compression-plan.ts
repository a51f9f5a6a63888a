/** The compression plan on the wire. Its static type equals the plan of the evaluators' door (a test compares them). */
import { type Static, Type } from 'typebox';
import { oneOf, strictObject } from './strict-object.ts';

const share = { minimum: 0, maximum: 1 } as const;

/** A byte count: a number, or a string with a unit (`60 kB`), which the reader turns into a number. */
const boundSchema = Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.String({ maxLength: 50 })]);

const PrunePlanSchema = strictObject({
  granularity: oneOf(['structured', 'element', 'nm']),
  n: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
  m: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
  heuristic: oneOf(['l1', 'l2', 'gradient', 'apoz', 'attribution', 'random', 'level']),
  target: Type.Optional(
    strictObject({
      metric: oneOf(['params', 'macs', 'romBytes', 'ramBytes', 'latencyUs']),
      remove: Type.Optional(Type.Number(share)),
      atMost: Type.Optional(boundSchema),
    }),
  ),
  layers: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.Number(share), strictObject({ keep: Type.Integer({ minimum: 1 }) })])),
  ),
  schedule: Type.Optional(
    strictObject({
      kind: oneOf(['oneShot', 'iterative', 'agp']),
      steps: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    }),
  ),
  roundTo: Type.Optional(Type.Integer({ minimum: 1, maximum: 1024 })),
  tryWidths: Type.Optional(Type.Integer({ minimum: 1, maximum: 256 })),
});

const FinetunePlanSchema = strictObject({
  epochs: Type.Number({ minimum: 0, maximum: 10_000 }),
  optimizer: Type.Optional(oneOf(['sgd', 'nesterov', 'adam', 'adamw'])),
  learningRate: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  momentum: Type.Optional(Type.Number(share)),
  weightDecay: Type.Optional(Type.Number({ minimum: 0 })),
  batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
  schedule: Type.Optional(oneOf(['constant', 'step', 'cosine', 'plateau', 'oneCycle'])),
  distill: Type.Optional(Type.Number(share)),
  labelSmoothing: Type.Optional(Type.Number(share)),
  clipNorm: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  augment: Type.Optional(Type.Array(oneOf(['shift', 'flip', 'noise', 'crop', 'mixup']))),
});

const formatSchema = oneOf(['float32', 'float16', 'int8', 'uint8', 'int4', 'codebook']);

const QuantizePlanSchema = strictObject({
  format: formatSchema,
  mode: Type.Optional(oneOf(['ptq', 'qat'])),
  qatShare: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
  learnSteps: Type.Optional(Type.Boolean()),
  granularity: Type.Optional(oneOf(['tensor', 'channel'])),
  calibration: Type.Optional(oneOf(['minmax', 'movingAverage', 'percentile', 'mse', 'entropy'])),
  calibrationSamples: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  fallback: Type.Optional(oneOf(['float', 'none'])),
  layers: Type.Optional(Type.Record(Type.String(), formatSchema)),
  codebookSize: Type.Optional(Type.Integer({ minimum: 2, maximum: 256 })),
  biasCorrection: Type.Optional(Type.Boolean()),
  equalize: Type.Optional(Type.Boolean()),
  adaptiveRounding: Type.Optional(Type.Boolean()),
});

export const CompressionPlanSchema = strictObject(
  {
    prune: Type.Optional(PrunePlanSchema),
    restructure: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([
          Type.Literal('depthwiseSeparable'),
          strictObject({
            lowRank: Type.Integer({ minimum: 1 }),
            method: Type.Optional(oneOf(['svd', 'tucker2', 'cp'])),
          }),
          strictObject({ kernel: Type.Integer({ minimum: 1 }) }),
        ]),
      ),
    ),
    finetune: Type.Optional(FinetunePlanSchema),
    quantize: Type.Optional(QuantizePlanSchema),
    optimize: Type.Optional(oneOf(['balanced', 'ram', 'speed'])),
    place: Type.Optional(strictObject({ weights: oneOf(['flash', 'ram']) })),
    supernet: Type.Optional(
      strictObject({
        epochs: Type.Number({ exclusiveMinimum: 0, maximum: 10_000 }),
        learningRate: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
      }),
    ),
    seed: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { $id: 'CompressionPlan' },
);

/** As written; `atMost` may carry a unit and parts with a default may be absent. */
export type CompressionPlanSpec = Static<typeof CompressionPlanSchema>;
