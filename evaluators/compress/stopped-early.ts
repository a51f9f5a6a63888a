/** A training was ended because its caller expects nothing of it any more; the message says why. */
export class StoppedEarlyError extends Error {
  readonly code = 'STOPPED_EARLY';

  constructor(reason: string) {
    super(reason);
    this.name = 'StoppedEarlyError';
  }
}
