/** Live events: whoever listens hears of every change after it is stored, in order. */
import type { StoredEvent } from '../store/trial-store.ts';

export type EventListener = (event: StoredEvent) => void;

export class EventFeed {
  readonly #listeners = new Map<EventListener, string | null>();

  /** Listens to one study, or to all (null). Returns the function that ends it. */
  subscribe(study: string | null, listener: EventListener): () => void {
    this.#listeners.set(listener, study);
    return () => this.#listeners.delete(listener);
  }

  publish(events: readonly StoredEvent[]): void {
    for (const event of events)
      for (const [listener, study] of this.#listeners) if (study === null || study === event.study) listener(event);
  }
}
