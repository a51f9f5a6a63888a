/**
 * A lease as the agent holds it: it ends at a moment of the monotonic clock, whatever happens to the wall clock or the network,
 * and ending aborts the work.
 */

export interface MonotonicClock {
  /** Milliseconds from an arbitrary start; never goes back. */
  now(): number;
  /** Calls back after at least `ms`; the answer cancels. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: MonotonicClock = {
  now: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, Math.max(0, ms));
    return () => clearTimeout(timer);
  },
};

export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export class Lease {
  readonly fence: number;
  readonly #clock: MonotonicClock;
  readonly #controller = new AbortController();
  #endsAt: number;
  #cancelTimer: () => void = () => {};

  /** `receivedAt`: when the request for this lease was sent: the daemon counts from no earlier moment. */
  constructor(fence: number, leaseSeconds: number, clock: MonotonicClock, receivedAt: number) {
    this.fence = fence;
    this.#clock = clock;
    this.#endsAt = receivedAt + leaseSeconds * 1000;
    this.#arm();
  }

  /** Aborted when the lease ends or is given up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get remainingMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.now());
  }

  /** Longer by a progress answer whose request was sent at `sentAt`. A lease that has ended stays ended. */
  renew(leaseSeconds: number, sentAt: number): void {
    if (this.signal.aborted) return;
    this.#endsAt = Math.max(this.#endsAt, sentAt + leaseSeconds * 1000);
    this.#arm();
  }

  lose(reason: string): void {
    this.#cancelTimer();
    this.#controller.abort(new LeaseLostError(reason));
  }

  /** The work is done: the timer stops, the signal stays as it is. */
  release(): void {
    this.#cancelTimer();
  }

  #arm(): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(this.#endsAt - this.#clock.now(), () => {
      if (this.#clock.now() >= this.#endsAt) this.lose('the lease ran out');
      else this.#arm();
    });
  }
}
