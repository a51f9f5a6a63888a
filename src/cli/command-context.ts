/**
 * What every command is given, and how it answers: one JSON value for scripts, one text for people. Results go to stdout,
 * everything else to stderr.
 */
import type { Command } from 'commander';
import { EXIT, type ExitCode } from '../errors.ts';

export interface CommandContext {
  readonly json: boolean;
  /** Whether stderr is a terminal: live views only there. */
  readonly isTerminal: boolean;
  /** Aborted by the first Ctrl-C (or SIGTERM). */
  readonly signal: AbortSignal;
  /** One line of progress on stderr. */
  note(line: string): void;
}

export interface Answer {
  readonly json: unknown;
  /** For people; made only when asked for. */
  text(): string;
  readonly exitCode?: ExitCode;
}

/** Commands that only print and are done. */
export function answer(json: unknown, text: () => string, exitCode: ExitCode = EXIT.done): Answer {
  return { json, text, exitCode };
}

/** Runs one command: set by the command line's entry, called by every command's action. */
export type RunCommand = (command: Command, body: (context: CommandContext) => Promise<Answer>) => Promise<void>;
