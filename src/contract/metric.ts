/** Metric names and values on the wire. */
import { type Static, Type } from 'typebox';
import { oneOf, strictObject } from './strict-object.ts';

/** Starts with a letter; `@` separates a board: `latencyUs@pico`. */
export const METRIC_NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_.\\-]*(@[A-Za-z0-9_.:\\-]+)?$';

export const MetricNameSchema = Type.String({ minLength: 1, maxLength: 100, pattern: METRIC_NAME_PATTERN });

export const PROVENANCES = ['simulated', 'modelled', 'measured'] as const;

export const MetricSchema = strictObject({
  mean: Type.Number(),
  stderr: Type.Optional(Type.Number({ minimum: 0, description: 'Standard error of the mean, same unit.' })),
  n: Type.Optional(Type.Integer({ minimum: 1, description: 'Number of repeated measurements.' })),
  provenance: Type.Optional(oneOf(PROVENANCES)),
});

/** What a teller may write: a bare number or the full form. */
export const MetricInputSchema = Type.Union([Type.Number(), MetricSchema]);

export const MetricsSchema = Type.Record(Type.String(), MetricSchema);

export type WireMetric = Static<typeof MetricSchema>;
export type WireMetrics = Readonly<Record<string, WireMetric>>;
export type MetricInput = Static<typeof MetricInputSchema>;
