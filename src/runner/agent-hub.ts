/**
 * The daemon's side of the agent protocol: a queue of measuring jobs for the devices of the fleet, leases with fences. A result counts
 * only when it comes under the newest fence, from the device that was asked, with outputs equal to the expected ones byte for byte.
 */
import { createHash, randomUUID } from 'node:crypto';
import {
  type Job,
  type JobError,
  type Measurement,
  PROTOCOL_VERSION,
  type ProgressAnswer,
  type ProgressRequest,
  type RegisterAnswer,
  type RegisterRequest,
  type ResultAnswer,
  type ResultRequest,
  summarize,
} from '@tinypareto/hw-agents/protocol';
import { EXIT, UserError } from '../errors.ts';
import type { AgentView, DeviceView } from './agent-view.ts';
import { type Agent, type Device, DeviceFleet } from './device-fleet.ts';
import { judgeMeasurement } from './judge-measurement.ts';
import { MeasureError, type MeasureRequest } from './measure-request.ts';

export interface AgentHubOptions {
  readonly leaseSeconds?: number;
  readonly silenceSeconds?: number;
  /** How often a job is handed out before its last error is final. */
  readonly maxAttempts?: number;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

interface QueuedJob {
  readonly jobId: string;
  readonly request: MeasureRequest;
  readonly finish: (result: Measurement | MeasureError) => void;
  state: 'queued' | 'leased' | 'finished';
  attempts: number;
  fence: number;
  deviceId: string;
  leaseUntil: number;
  aborted: boolean;
  /** Hash of the accepted or refused result, to recognise the same one sent again. */
  resultHash: string | null;
  answer: ResultAnswer | null;
}

const DEADLINES: Job['deadlines'] = { buildSeconds: 120, flashSeconds: 60, bootSeconds: 10, runSeconds: 120 };
/** Finished jobs remembered for repeated results. */
const MAX_FINISHED = 1000;

export class AgentHub {
  readonly #fleet: DeviceFleet;
  readonly #jobs = new Map<string, QueuedJob>();
  readonly #waiting = new Set<() => void>();
  readonly #leaseSeconds: number;
  readonly #silenceSeconds: number;
  readonly #maxAttempts: number;
  readonly #now: () => number;
  readonly #sweeper: NodeJS.Timeout;
  #closed = false;

  constructor(options: AgentHubOptions = {}) {
    this.#leaseSeconds = options.leaseSeconds ?? 30;
    this.#silenceSeconds = options.silenceSeconds ?? 90;
    this.#maxAttempts = options.maxAttempts ?? 3;
    this.#now = options.now ?? (() => performance.now());
    this.#fleet = new DeviceFleet(this.#silenceSeconds * 1000, this.#now);
    this.#sweeper = setInterval(() => this.sweep(), 1000);
    this.#sweeper.unref();
  }

  register(body: RegisterRequest): RegisterAnswer {
    for (const jobId of this.#fleet.register(body)) this.#requeue(jobId, 'the agent started again');
    this.#wake();
    return {
      agentId: body.agentId,
      protocol: PROTOCOL_VERSION,
      silenceSeconds: this.#silenceSeconds,
      serverTimeMs: Date.now(),
    };
  }

  /** A job for one of the idle devices, waiting up to `waitMs` for one; null when there is none. */
  async work(
    agentId: string,
    idleDevices: readonly string[],
    waitMs: number,
    signal?: AbortSignal,
  ): Promise<Job | null> {
    const deadline = this.#now() + waitMs;
    for (;;) {
      const agent = this.#fleet.agent(agentId);
      agent.lastSeen = this.#now();
      if (signal?.aborted || this.#closed) return null;
      this.#reclaim(agent, idleDevices);
      const job = this.#take(agent, idleDevices);
      if (job !== null) return job;
      const left = deadline - this.#now();
      if (left <= 0) return null;
      await this.#sleep(Math.min(left, (this.#silenceSeconds * 1000) / 3), signal);
    }
  }

  progress(jobId: string, body: ProgressRequest): ProgressAnswer {
    const job = this.#leased(jobId, body.fence);
    job.leaseUntil = this.#now() + this.#leaseSeconds * 1000;
    this.#fleet.heard(job.deviceId);
    job.request.onPhase?.(body.phase);
    return { leaseSeconds: this.#leaseSeconds, directive: job.aborted ? 'abort' : 'continue' };
  }

  result(jobId: string, body: ResultRequest): ResultAnswer {
    const hash = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    const finished = this.#jobs.get(jobId);
    if (finished?.answer != null && finished.resultHash === hash) return { ...finished.answer, replayed: true };
    const job = this.#leased(jobId, body.fence);
    const device = this.#fleet.device(job.deviceId);
    if (device !== undefined) device.jobId = null;
    const error = body.status === 'error' ? body.error : judgeMeasurement(job.request, job.deviceId, body.measurement);
    job.resultHash = hash;
    if (error === undefined && body.status === 'done') {
      if (device !== undefined) this.#fleet.succeeded(device);
      job.answer = { accepted: true };
      this.#finish(job, { ...body.measurement, latencyUs: summarize(body.measurement.latencySamplesUs) });
    } else if (error !== undefined) {
      job.answer = { accepted: false, error };
      if (device !== undefined) this.#fleet.blame(device, error);
      if (error.retryable && job.attempts < this.#maxAttempts) this.#requeue(jobId, error.message);
      else this.#finish(job, new MeasureError(error));
    }
    this.#wake();
    return job.answer ?? { accepted: false };
  }

  /** Runs a program on a device. Rejects with MeasureError, or UserError when no agent has such a board. */
  measure(request: MeasureRequest): Promise<Measurement> {
    if (this.#closed)
      return Promise.reject(new MeasureError({ class: 'AGENT', message: 'the daemon is closing', retryable: true }));
    if (!this.#fleet.offers(request)) return Promise.reject(noSuchBoard(request.board));
    return new Promise((resolve, reject) => {
      const jobId = `job_${randomUUID()}`;
      const job: QueuedJob = {
        jobId,
        request,
        finish: (result) => {
          request.signal?.removeEventListener('abort', abort);
          if (result instanceof MeasureError) reject(result);
          else resolve(result);
        },
        state: 'queued',
        attempts: 0,
        fence: 0,
        deviceId: '',
        leaseUntil: 0,
        aborted: false,
        resultHash: null,
        answer: null,
      };
      const abort = (): void => {
        job.aborted = true;
        this.#finish(job, new MeasureError({ class: 'AGENT', message: 'cancelled', retryable: false }));
      };
      if (request.signal?.aborted) {
        abort();
        return;
      }
      request.signal?.addEventListener('abort', abort);
      this.#jobs.set(jobId, job);
      this.#forgetOldest();
      this.#wake();
    });
  }

  /** True when a connected, healthy device of the board type is there. */
  has(board: string): boolean {
    return this.#fleet.offers({ board });
  }

  agents(): AgentView[] {
    return this.#fleet.agents();
  }

  devices(): DeviceView[] {
    return this.#fleet.devices();
  }

  /** Takes back jobs whose lease has run out. Called every second. */
  sweep(): void {
    for (const job of this.#jobs.values()) {
      if (job.state !== 'leased' || job.leaseUntil > this.#now()) continue;
      const error: JobError = { class: 'LEASE_LOST', message: 'the agent fell silent', retryable: true };
      const device = this.#fleet.device(job.deviceId);
      if (device !== undefined) {
        device.jobId = null;
        this.#fleet.blame(device, error);
      }
      if (job.aborted || job.attempts < this.#maxAttempts) this.#requeue(job.jobId, error.message);
      else this.#finish(job, new MeasureError(error));
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const job of this.#jobs.values()) {
      this.#finish(job, new MeasureError({ class: 'AGENT', message: 'the daemon is closing', retryable: true }));
    }
    this.#wake();
  }

  /** An agent that calls a device idle has no job on it: one that is still leased to it was dropped or never arrived. */
  #reclaim(agent: Agent, idleDevices: readonly string[]): void {
    for (const id of idleDevices) {
      const device = this.#fleet.device(id);
      if (device?.jobId == null || device.agentId !== agent.agentId) continue;
      this.#requeue(device.jobId, 'the agent dropped the job');
      device.jobId = null;
    }
  }

  #take(agent: Agent, idleDevices: readonly string[]): Job | null {
    for (const job of this.#jobs.values()) {
      if (job.state !== 'queued') continue;
      const device = this.#fleet.idle(agent, idleDevices, job.request);
      if (device === undefined) continue;
      return this.#lease(job, device);
    }
    return null;
  }

  #lease(job: QueuedJob, device: Device): Job {
    device.fence++;
    device.jobId = job.jobId;
    job.state = 'leased';
    job.attempts++;
    job.fence = device.fence;
    job.deviceId = device.description.deviceId;
    job.leaseUntil = this.#now() + this.#leaseSeconds * 1000;
    return {
      jobId: job.jobId,
      fence: job.fence,
      leaseSeconds: this.#leaseSeconds,
      deviceId: job.deviceId,
      program: job.request.program,
      inputs: job.request.inputs.map((input) => Buffer.from(input).toString('base64')),
      outputBytes: job.request.expectedOutputs[0]?.length ?? 0,
      runs: job.request.runs,
      warmup: job.request.warmup,
      deadlines: job.request.deadlines ?? DEADLINES,
    };
  }

  #leased(jobId: string, fence: number): QueuedJob {
    const job = this.#jobs.get(jobId);
    if (job === undefined)
      throw new UserError({ code: 'JOB_NOT_FOUND', message: `there is no job ${jobId}`, status: 404 });
    if (job.state !== 'leased' || job.fence !== fence || job.leaseUntil <= this.#now()) {
      throw new UserError({
        code: 'LEASE_LOST',
        message: `the lease with fence ${fence} on ${jobId} is over`,
        status: 410,
        exitCode: EXIT.tryAgain,
      });
    }
    return job;
  }

  #requeue(jobId: string, reason: string): void {
    const job = this.#jobs.get(jobId);
    if (job?.state !== 'leased') return;
    if (job.aborted) {
      job.state = 'finished';
      return;
    }
    if (job.attempts >= this.#maxAttempts) {
      this.#finish(job, new MeasureError({ class: 'AGENT', message: reason, retryable: true }));
      return;
    }
    job.state = 'queued';
    this.#wake();
  }

  #finish(job: QueuedJob, result: Measurement | MeasureError): void {
    if (job.state === 'finished') return;
    // A leased job that was cancelled stays leased until its agent hears of it, so that the device is not double-booked.
    const device = this.#fleet.device(job.deviceId);
    if (device?.jobId === job.jobId && !job.aborted) device.jobId = null;
    if (!(job.aborted && job.state === 'leased')) job.state = 'finished';
    job.finish(result);
  }

  #forgetOldest(): void {
    if (this.#jobs.size <= MAX_FINISHED) return;
    for (const [id, job] of this.#jobs) {
      if (job.state === 'finished') {
        this.#jobs.delete(id);
        return;
      }
    }
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }
}

function noSuchBoard(board: string): UserError {
  return new UserError({
    code: 'NO_DEVICE',
    message: `no connected agent offers a healthy board of type ${board}`,
    hint: `start one: tinypareto agent --board ${board}`,
    status: 409,
    exitCode: EXIT.unavailable,
  });
}
