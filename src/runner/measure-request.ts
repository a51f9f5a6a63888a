/** What a caller asks of a device, and how it fails. */
import type { ErrorClass, Job, JobError, Phase } from '@tinypareto/hw-agents/protocol';

export interface MeasureRequest {
  /** Board type; any healthy idle device of it. */
  readonly board: string;
  readonly deviceId?: string;
  readonly program: Job['program'];
  readonly inputs: readonly Uint8Array[];
  /** What the interpreter gives for `inputs`, one byte string per inference. */
  readonly expectedOutputs: readonly Uint8Array[];
  /**
   * Integer networks must match byte for byte (absent). Where floating-point operators remain, sums may be taken in another order: then
   * outputs are float32 and may differ by this share of the largest one.
   */
  readonly floatTolerance?: number;
  readonly runs: number;
  readonly warmup: number;
  readonly deadlines?: Job['deadlines'];
  readonly signal?: AbortSignal;
  readonly onPhase?: (phase: Phase) => void;
}

/** A job that ended without a measurement, with the class of what went wrong. */
export class MeasureError extends Error {
  override readonly name = 'MeasureError';
  readonly errorClass: ErrorClass;
  readonly retryable: boolean;
  readonly evidence: string | undefined;

  constructor(error: JobError) {
    super(`${error.class}: ${error.message}`);
    this.errorClass = error.class;
    this.retryable = error.retryable;
    this.evidence = error.evidence;
  }
}
