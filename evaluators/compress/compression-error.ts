/** A plan that cannot be carried out on this network, or a network that cannot be compressed as asked. The trial is infeasible. */

export type CompressionErrorCode =
  | 'FLOAT_OPERATORS_REMAIN'
  | 'UNKNOWN_LAYER'
  | 'CANNOT_PRUNE'
  | 'TARGET_UNREACHABLE'
  | 'BAD_PLAN'
  | 'CANNOT_RESTRUCTURE'
  | 'DIVERGED'
  | 'HOPELESS'
  | 'CANCELLED';

export class CompressionError extends Error {
  readonly code: CompressionErrorCode;

  constructor(code: CompressionErrorCode, message: string) {
    super(message);
    this.name = 'CompressionError';
    this.code = code;
  }
}
