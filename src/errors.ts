/**
 * Errors that a user may see: a stable code, what happened, where, and what to do. The HTTP layer turns them into problem
 * documents (RFC 9457), the command line into `{error: {…}}` and an exit code.
 */

/** Exit codes of the command line (docs: README, "Exit codes"). */
export const EXIT = {
  done: 0,
  fault: 1,
  usage: 2,
  badInput: 65,
  missingInput: 66,
  unavailable: 69,
  infeasible: 70,
  tryAgain: 75,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface ErrorDetails {
  /** Stable, upper case: `UNKNOWN_KEY`, `TRIAL_ALREADY_TOLD` … */
  readonly code: string;
  readonly message: string;
  /** File and line, JSON path, node name … */
  readonly where?: string;
  /** What the user can do. */
  readonly hint?: string;
  readonly status?: number;
  readonly exitCode?: ExitCode;
}

export class UserError extends Error {
  readonly code: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
  /** HTTP status. */
  readonly status: number;
  readonly exitCode: ExitCode;

  constructor(details: ErrorDetails) {
    super(details.message);
    this.name = 'UserError';
    this.code = details.code;
    this.where = details.where;
    this.hint = details.hint;
    this.status = details.status ?? 400;
    this.exitCode = details.exitCode ?? EXIT.badInput;
  }
}
