/** A study service on a store in memory and a clock that stands still, opened anew for every test of the file that calls this. */
import assert from 'node:assert/strict';
import { afterEach, beforeEach } from 'node:test';
import type { StudyDefinition } from '../../src/contract/study.ts';
import type { WireTrial } from '../../src/contract/trial.ts';
import { MemoryStore } from '../../src/store/memory-store.ts';
import { StudyService } from '../../src/study/study-service.ts';
import { type FixedClock, fixedClock } from './fixed-clock.ts';
import { makeDefinition } from './make-study.ts';

export class StudyFixture {
  store = new MemoryStore();
  clock: FixedClock = fixedClock();
  #service: StudyService | undefined;

  get service(): StudyService {
    assert.ok(this.#service !== undefined, 'a test is running');
    return this.#service;
  }

  async open(): Promise<void> {
    this.store = new MemoryStore();
    this.clock = fixedClock();
    this.#service = await StudyService.open({ store: this.store, clock: this.clock });
  }

  /** Closes the service and opens another one on the same store. */
  async restart(): Promise<void> {
    await this.service.close();
    this.#service = await StudyService.open({ store: this.store, clock: this.clock });
  }

  create(change: Partial<StudyDefinition> = {}) {
    return this.service.create(makeDefinition(change));
  }

  /** The one trial of an ask. */
  async one(request = {}): Promise<WireTrial> {
    const [trial] = await this.service.ask('study', request);
    assert.ok(trial);
    return trial;
  }
}

export function useStudyService(): StudyFixture {
  const fixture = new StudyFixture();
  beforeEach(() => fixture.open());
  afterEach(() => fixture.service.close());
  return fixture;
}
