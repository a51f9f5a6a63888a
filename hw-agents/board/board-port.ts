/**
 * What an agent needs of a device. One implementation per kind of device: the host itself, virtual boards, Pico and Nano 33 over
 * their debug probes. Every method honours `signal` and gives up within its deadline.
 */
import type { Deadlines, DeviceDescription, ErrorClass, Phase, Program } from '../protocol/index.ts';

/** A fault with its class, so that the daemon knows whether to retry, elsewhere or at all. */
export class BoardError extends Error {
  override readonly name = 'BoardError';
  readonly errorClass: ErrorClass;
  readonly retryable: boolean;
  readonly evidence: string | undefined;

  constructor(errorClass: ErrorClass, message: string, options: { retryable?: boolean; evidence?: string } = {}) {
    super(message);
    this.errorClass = errorClass;
    this.retryable = options.retryable ?? false;
    this.evidence = options.evidence?.slice(-8000);
  }
}

export interface RunRequest {
  readonly program: Program;
  /** Inputs of single inferences. */
  readonly inputs: readonly Uint8Array[];
  /** Bytes of one inference's outputs. */
  readonly outputBytes: number;
  readonly runs: number;
  readonly warmup: number;
  readonly deadlines: Deadlines;
  readonly signal: AbortSignal;
  onPhase(phase: Phase, progress?: number): void;
}

export interface RunReport {
  /** Hash of what really ran: the image read back, or the executable file. */
  readonly programSha256: string;
  readonly outputs: readonly Uint8Array[];
  /** One per timed run, microseconds per inference. */
  readonly latencySamplesUs: readonly number[];
  readonly cycleSamples?: readonly number[];
  readonly energySamplesUj?: readonly number[];
  readonly ramHighWaterBytes?: number;
  readonly toolVersions: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface BoardPort {
  /** Described once at start; throws BoardError('BOARD') when the device cannot be used at all. */
  describe(): Promise<DeviceDescription>;
  /** The identity read from the device now: probe or chip serial. */
  readIdentity(): Promise<string>;
  run(request: RunRequest): Promise<RunReport>;
  /** Stops whatever runs and frees the device. */
  close(): Promise<void>;
}
