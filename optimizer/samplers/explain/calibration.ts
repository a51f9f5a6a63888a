/** How well the models foretell trials they have not seen: leave-one-out errors in figures. */
import type { MetricModel } from './metric-models.ts';

export interface Calibration {
  readonly metric: string;
  readonly count: number;
  /** 1 − squared error/squared error of the mean; 1 = perfect, 0 = no better than the mean, negative = worse. */
  readonly explainedVariance: number;
  /** Fraction of trials inside their own 95 % interval; 0.95 is right. */
  readonly coverage95: number;
  /** Root mean square of the z-scores: above 1 the model is too sure, below 1 too cautious. */
  readonly zScoreRms: number;
}

const Z_95 = 1.959963984540054;

/** One entry per metric whose model can hold out trials. */
export function calibrate(models: ReadonlyMap<string, MetricModel>): Calibration[] {
  return [...models.values()].flatMap((model) => {
    const heldOut = model.heldOut();
    if (heldOut.length === 0) return [];
    const count = heldOut.length;
    const mean = heldOut.reduce((sum, { observed }) => sum + observed, 0) / count;
    const around = heldOut.reduce((sum, { observed }) => sum + (observed - mean) ** 2, 0);
    const missed = heldOut.reduce((sum, { observed, predicted }) => sum + (observed - predicted) ** 2, 0);
    const squares = heldOut.reduce((sum, { zScore }) => sum + zScore ** 2, 0);
    return {
      metric: model.metric,
      count,
      explainedVariance: around > 0 ? 1 - missed / around : Number(missed === 0),
      coverage95: heldOut.filter(({ zScore }) => Math.abs(zScore) <= Z_95).length / count,
      zScoreRms: Math.sqrt(squares / count),
    };
  });
}
