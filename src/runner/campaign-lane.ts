/** One lane of a campaign: ask, evaluate, tell, again, until the study gives no more trials. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { IntermediateAccuracy } from '@tinypareto/evaluators';
import type { WireTrial } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import { StudyStateError } from '../study/ask.ts';
import { RUNNER_CLIENT, type StudyRecord } from '../study/study.ts';
import { isFinished } from '../trial/trial-state.ts';
import type { LaneTools } from './lane-tools.ts';
import { runTrial, type TrialReport } from './run-trial.ts';

/** A trial whose process died is tried again after this long. */
const LEASE_SECONDS = 20;
const HEARTBEAT_MS = 4000;
/** Between asks that were refused because others hold the last trials. */
const REFUSED_MS = 1000;
/** Between attempts to store a result on a full disk. */
const RETRY_TELL_MS = 2000;

type StopReason = 'closing' | 'cancelled';

export class CampaignLane {
  readonly #study: string;
  readonly #tools: LaneTools;
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #isRetired = false;
  #isDone = false;

  constructor(study: string, tools: LaneTools) {
    this.#study = study;
    this.#tools = tools;
    this.#done = this.#loop().finally(() => {
      this.#isDone = true;
    });
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  /** Ends after the trial that it runs now. */
  retire(): void {
    this.#isRetired = true;
  }

  async stop(reason: StopReason): Promise<void> {
    this.#abort.abort(reason);
    await this.#done;
  }

  async #loop(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted && !this.#isRetired) {
      try {
        const record = (await this.#tools.studies.state(this.#study)).record;
        if (record.state !== 'running') return;
        const [trial] = await this.#tools.studies.ask(this.#study, {
          count: 1,
          clientId: RUNNER_CLIENT,
          leaseSeconds: LEASE_SECONDS,
        });
        if (trial !== undefined) await this.#run(record, trial);
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof StudyStateError)) this.#tools.log?.('a campaign could not go on', error);
        else if (error.state !== 'running') return;
        await sleep(REFUSED_MS, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #run(record: StudyRecord, trial: WireTrial): Promise<void> {
    const fence = trial.fence ?? 0;
    const lost = new AbortController();
    const signal = AbortSignal.any([this.#abort.signal, lost.signal]);
    let progress = 0;
    const timer = setInterval(() => {
      this.#tools.studies.heartbeat(trial.id, { fence, progress }).then(
        ({ directive }) => {
          if (directive === 'abandon') lost.abort('abandoned');
        },
        (error: unknown) => {
          if (error instanceof UserError && (error.status === 410 || error.status === 404)) lost.abort('lease lost');
        },
      );
    }, HEARTBEAT_MS);
    try {
      const report = await runTrial(record, trial, this.#tools, {
        signal,
        onProgress: (share) => {
          progress = share;
        },
        onIntermediate: (value) => this.#judge(trial.id, fence, value),
      });
      // The lease is kept while the result waits for space on the disk.
      if (!signal.aborted) await this.#tell(trial, fence, report);
    } finally {
      clearInterval(timer);
      // Nobody goes on with a trial that is no longer wanted; one whose lease was lost is in other hands.
      if (signal.reason === 'abandoned' || signal.reason === 'cancelled')
        await this.#tools.checkpoints.remove(trial.id);
    }
  }

  /** Why the trial should end; one that cannot be judged goes on. */
  async #judge(
    trial: string,
    fence: number,
    { step, accuracy, stderr, sizes }: IntermediateAccuracy,
  ): Promise<string | null> {
    const final = Object.fromEntries(Object.entries(sizes).map(([name, { mean }]) => [name, mean]));
    const beat = { fence, intermediate: { step, metrics: { accuracy }, stderr: { accuracy: stderr } }, final };
    const verdict = await this.#tools.studies.heartbeat(trial, beat).catch(() => null);
    if (verdict?.directive !== 'stop') return null;
    return `stopped early at ${step} % of the training: ${verdict.reason ?? 'it is not wanted any more'}`;
  }

  async #tell(trial: WireTrial, fence: number, report: TrialReport): Promise<void> {
    const { files, ...told } = report;
    while (!this.#abort.signal.aborted) {
      try {
        const artifacts = await Promise.all(
          files.map(async ({ name, mediaType, bytes }) => ({
            ...(await this.#tools.files.put([bytes], bytes.length)),
            name,
            mediaType,
          })),
        );
        const { state } = await this.#tools.studies.tell(trial.id, { fence, ...told }, artifacts);
        if (isFinished(state)) await this.#tools.checkpoints.remove(trial.id);
        return;
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        this.#tools.log?.(`the disk is full: the result of trial ${trial.number} waits`, error);
        await sleep(RETRY_TELL_MS, undefined, { signal: this.#abort.signal }).catch(() => {});
      }
    }
  }
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'DISK_FULL' || code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL';
}
