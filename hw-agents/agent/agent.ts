/**
 * The agent process's loop: register, ask for work by long poll, run one job per idle device, renew leases by progress, send results.
 * Survives a daemon that restarts: it registers again and goes on. Rules: docs/protocol.md.
 */
import { createHash } from 'node:crypto';
import { BoardError, type BoardPort } from '../board/index.ts';
import {
  type DeviceDescription,
  type Job,
  type JobError,
  type Measurement,
  type Phase,
  PROTOCOL_VERSION,
  summarize,
} from '../protocol/index.ts';
import { ConnectionError, type DaemonConnection } from './daemon-connection.ts';
import { Lease, LeaseLostError, type MonotonicClock, systemClock } from './lease.ts';

export interface AgentOptions {
  readonly agentId: string;
  readonly version: string;
  readonly boards: readonly BoardPort[];
  readonly connection: DaemonConnection;
  readonly signal: AbortSignal;
  readonly clock?: MonotonicClock;
  /** Seconds of one long poll. */
  readonly waitSeconds?: number;
  readonly log?: (line: string) => void;
}

/** Pause before the next try when the daemon cannot be reached, milliseconds: doubles up to the second number. */
const RETRY_MS = [250, 8000] as const;

/** Runs until `signal` aborts; rejects when the daemon refuses the agent for good. */
export async function runAgent(options: AgentOptions): Promise<void> {
  const { signal, log = () => {} } = options;
  const ports = new Map<string, BoardPort>();
  const devices: DeviceDescription[] = [];
  for (const board of options.boards) {
    const device = await board.describe();
    ports.set(device.deviceId, board);
    devices.push(device);
  }
  const register = () =>
    options.connection.register(
      {
        agentId: options.agentId,
        version: options.version,
        protocols: [PROTOCOL_VERSION],
        devices,
        clockMs: Date.now(),
      },
      signal,
    );

  let registered = false;
  let retryMs: number = RETRY_MS[0];
  while (!signal.aborted) {
    try {
      if (!registered) {
        await register();
        registered = true;
        log(`registered ${options.agentId} with ${devices.map((device) => device.deviceId).join(', ')}`);
      }
      const askedAt = (options.clock ?? systemClock).now();
      const job = await options.connection.work(options.agentId, [...ports.keys()], options.waitSeconds ?? 30, signal);
      retryMs = RETRY_MS[0];
      if (job !== null) await runJob(job, ports.get(job.deviceId), options, askedAt);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof ConnectionError) || error.failure === 'refused') throw error;
      if (error.failure === 'gone') registered = false;
      log(`${error.message}; trying again in ${retryMs} ms`);
      await pause(retryMs, signal);
      retryMs = Math.min(retryMs * 2, RETRY_MS[1]);
    }
  }
  await Promise.all(options.boards.map((board) => board.close()));
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

async function runJob(job: Job, port: BoardPort | undefined, options: AgentOptions, askedAt: number): Promise<void> {
  const { connection, log = () => {}, clock = systemClock } = options;
  // The daemon starts the lease when it hands the job out, so after a long poll counting from the request would end it too early.
  const lease = new Lease(job.fence, job.leaseSeconds, clock, Math.max(askedAt, clock.now() - 1000));
  const signal = AbortSignal.any([options.signal, lease.signal]);
  let phase: Phase = 'queued';

  const beat = async (): Promise<void> => {
    const sentAt = clock.now();
    try {
      const answer = await connection.progress(job.jobId, { fence: job.fence, phase }, signal);
      if (answer.directive === 'abort') lease.lose('the daemon asked to abort');
      else lease.renew(answer.leaseSeconds, sentAt);
    } catch (error) {
      if (error instanceof ConnectionError && error.failure !== 'unreachable') lease.lose(error.message);
    }
  };
  const timer = setInterval(() => void beat(), (job.leaseSeconds * 1000) / 3);
  try {
    const measurement = await measure(job, port, signal, (next) => {
      phase = next;
      void beat();
    });
    const answer = await connection.result(job.jobId, { fence: job.fence, status: 'done', measurement }, signal);
    log(`${job.jobId}: ${answer.accepted ? 'done' : `refused: ${answer.error?.message}`}`);
  } catch (error) {
    await reportFailure(job, error, lease, options);
  } finally {
    clearInterval(timer);
    lease.release();
  }
}

async function measure(
  job: Job,
  port: BoardPort | undefined,
  signal: AbortSignal,
  onPhase: (phase: Phase) => void,
): Promise<Measurement> {
  if (port === undefined) throw new BoardError('BOARD', `this agent has no device ${job.deviceId}`);
  const before = await port.readIdentity();
  if (before !== job.deviceId) {
    throw new BoardError('BOARD', `asked for device ${job.deviceId}, but ${before} is attached; nothing was written`);
  }
  const report = await port.run({
    program: job.program,
    inputs: job.inputs.map((input) => Buffer.from(input, 'base64')),
    outputBytes: job.outputBytes,
    runs: job.runs,
    warmup: job.warmup,
    deadlines: job.deadlines,
    signal,
    onPhase,
  });
  const after = await port.readIdentity();
  if (after !== before) throw new BoardError('BOARD', `device ${before} was exchanged for ${after} during the run`);
  const hash = createHash('sha256');
  for (const output of report.outputs) hash.update(output);
  return {
    deviceIdBefore: before,
    deviceIdAfter: after,
    programSha256: report.programSha256,
    outputs: report.outputs.map((output) => Buffer.from(output).toString('base64')),
    outputsSha256: hash.digest('hex'),
    latencyUs: summarize(report.latencySamplesUs),
    latencySamplesUs: [...report.latencySamplesUs],
    ...(report.cycleSamples === undefined ? {} : { cycles: summarize(report.cycleSamples) }),
    ...(report.energySamplesUj === undefined ? {} : { energyUj: summarize(report.energySamplesUj) }),
    ...(report.ramHighWaterBytes === undefined ? {} : { ramHighWaterBytes: report.ramHighWaterBytes }),
    toolVersions: { ...report.toolVersions },
    warnings: [...report.warnings],
  };
}

async function reportFailure(job: Job, error: unknown, lease: Lease, options: AgentOptions): Promise<void> {
  const { log = () => {} } = options;
  if (lease.signal.aborted) {
    log(
      `${job.jobId}: ${lease.signal.reason instanceof LeaseLostError ? lease.signal.reason.message : 'lease lost'}; dropped`,
    );
    return;
  }
  if (error instanceof ConnectionError && error.failure !== 'refused') throw error;
  const body: JobError = options.signal.aborted
    ? { class: 'AGENT', message: 'the agent is shutting down', retryable: true }
    : describeFailure(error);
  log(`${job.jobId}: ${body.class}: ${body.message}`);
  // Not bound to the agent's own signal: an agent that is told to stop still hands its job back.
  await options.connection.result(
    job.jobId,
    { fence: job.fence, status: 'error', error: body },
    AbortSignal.timeout(5000),
  );
}

function describeFailure(error: unknown): JobError {
  if (error instanceof BoardError) {
    return {
      class: error.errorClass,
      message: error.message.slice(0, 4000),
      retryable: error.retryable,
      ...(error.evidence === undefined ? {} : { evidence: error.evidence }),
    };
  }
  return { class: 'AGENT', message: String(error).slice(0, 4000), retryable: true };
}
