import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Lease, type MonotonicClock } from '../../../hw-agents/agent/lease.ts';

/** Time that moves only when told. */
function makeClock() {
  let now = 0;
  const timers = new Set<{ at: number; callback: () => void }>();
  const clock: MonotonicClock = {
    now: () => now,
    after: (ms, callback) => {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const timer of [...timers].filter((each) => each.at <= now)) {
      timers.delete(timer);
      timer.callback();
    }
  };
  return { clock, advance };
}

describe('lease', () => {
  it('aborts the work when it runs out', () => {
    const { clock, advance } = makeClock();
    const lease = new Lease(1, 10, clock, 0);
    advance(9999);
    assert.equal(lease.signal.aborted, false);
    advance(1);
    assert.equal(lease.signal.aborted, true);
  });

  it('lives on from the moment a renewal was asked for, not from its answer', () => {
    const { clock, advance } = makeClock();
    const lease = new Lease(1, 10, clock, 0);
    const sentAt = 5000;
    advance(8000);
    lease.renew(10, sentAt);
    assert.equal(lease.remainingMs, 7000);
    advance(7000);
    assert.equal(lease.signal.aborted, true);
  });

  it('is never shortened by a late renewal, nor revived', () => {
    const { clock, advance } = makeClock();
    const lease = new Lease(1, 10, clock, 0);
    lease.renew(1, 0);
    assert.equal(lease.remainingMs, 10_000);
    advance(10_000);
    lease.renew(10, 10_000);
    assert.equal(lease.signal.aborted, true);
  });
});
