/**
 * Evaluates the trials of campaigns: for every running study with an evaluation, as many lanes as its `parallel`, each asking,
 * evaluating in a worker thread, telling. Leases are short and renewed, so that trials of a process that died are tried again soon.
 */
import type { StoredEvent } from '../store/trial-store.ts';
import { RUNNER_CLIENT } from '../study/study.ts';
import type { StudyService } from '../study/study-service.ts';
import { isFinished } from '../trial/trial-state.ts';
import { CampaignLane } from './campaign-lane.ts';
import type { LaneTools } from './lane-tools.ts';

export interface CampaignRunnerOptions extends Omit<LaneTools, 'studies'> {
  readonly studies: StudyService;
}

/** Waits after a study's creation, so that trials enqueued together with it come first. */
const START_DELAY_MS = 100;

export class CampaignRunner {
  readonly #tools: LaneTools;
  readonly #lanes = new Map<string, CampaignLane[]>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #unsubscribe: () => void = () => {};
  #isReady: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: CampaignRunnerOptions) {
    this.#tools = options;
  }

  /** Picks up every campaign that is running, and those that start later. */
  start(): void {
    const { checkpoints, studies, log } = this.#tools;
    const isOpen = (trial: string) =>
      studies.trial(trial).then(
        ({ state }) => !isFinished(state),
        () => false,
      );
    // The data folder is this process's alone: what an earlier one held is lost, and waits for nobody.
    const campaigns = studies.records().filter(({ evaluation }) => evaluation !== null);
    this.#isReady = Promise.allSettled(campaigns.map(({ id }) => studies.releaseLeases(id, RUNNER_CLIENT)));
    checkpoints.sweep(isOpen).catch((error: unknown) => log?.('old checkpoints could not be removed', error));
    this.#unsubscribe = this.#tools.studies.events.subscribe(null, (event) => this.#onEvent(event));
    for (const { id, state } of campaigns) if (state === 'running') this.#later(id, 0);
  }

  /** Aborts what runs; the trials stay leased and are tried again by whoever continues the study. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unsubscribe();
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all([...this.#lanes.values()].flat().map((lane) => lane.stop('closing')));
  }

  #onEvent(event: StoredEvent): void {
    if (event.type === 'study.created') this.#later(event.study, START_DELAY_MS);
    else if (event.type === 'study.state' || event.type === 'study.updated') this.#later(event.study, 0);
  }

  #later(study: string, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.#adjust(study);
    }, delayMs);
    this.#timers.add(timer);
  }

  /** Starts and stops lanes so that they fit the study as it is now. */
  async #adjust(study: string): Promise<void> {
    await this.#isReady;
    if (this.#isClosed) return;
    const record = this.#tools.studies.records().find((each) => each.id === study);
    const lanes = (this.#lanes.get(study) ?? []).filter((lane) => !lane.isDone);
    this.#lanes.set(study, lanes);
    if (record === undefined || record.evaluation === null) return;
    if (record.state === 'cancelled' || record.state === 'archived') {
      await Promise.all(lanes.map((lane) => lane.stop('cancelled')));
      return;
    }
    if (record.state !== 'running') return;
    const wanted = record.evaluation.parallel ?? 1;
    for (const lane of lanes.slice(wanted)) lane.retire();
    for (let i = lanes.length; i < wanted; i++) lanes.push(new CampaignLane(study, this.#tools));
  }
}
