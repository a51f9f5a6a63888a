/** Parses the arguments, runs one command, prints its answer or error, and gives the exit code. */
import { type Command, CommanderError } from 'commander';
import { EXIT, type ExitCode, UserError } from '../errors.ts';
import type { Answer, CommandContext } from './command-context.ts';
import { describeError } from './describe-error.ts';
import { createProgram } from './program.ts';

export async function runCommandLine(args: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  let json = args.includes('--json');

  const run = async (command: Command, body: (context: CommandContext) => Promise<Answer>): Promise<void> => {
    json = command.optsWithGlobals()['json'] === true;
    const interruption = listenForInterruption();
    try {
      const result = await body({
        json,
        isTerminal: process.stderr.isTTY === true,
        get signal() {
          return interruption.signal;
        },
        note: (line) => process.stderr.write(`${line}\n`),
      });
      await print(json ? JSON.stringify(result.json) : result.text());
      exitCode = result.exitCode ?? EXIT.done;
    } finally {
      interruption.stop();
    }
  };

  try {
    await createProgram(run).parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.done;
      // Help was asked for in vain: it is on stderr already.
      if (error.code === 'commander.help') return EXIT.usage;
      exitCode = await printError(
        new UserError({
          code: 'USAGE',
          message: error.message.replace(/^error: /, ''),
          exitCode: EXIT.usage,
          hint: 'tinypareto --help lists the commands; tinypareto COMMAND --help its options',
        }),
        json,
      );
    } else {
      exitCode = await printError(error, json);
    }
  }
  return exitCode;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * The first signal aborts in order; a second one ends the process at once. Signals keep their usual effect until a command asks for
 * the abort signal: one that computes without pause could not answer it.
 */
function listenForInterruption(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let isListening = false;
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted);
    controller.abort();
  };
  return {
    get signal() {
      if (!isListening) for (const name of SIGNALS) process.on(name, interrupt);
      isListening = true;
      return controller.signal;
    },
    stop: () => {
      for (const name of SIGNALS) process.off(name, interrupt);
    },
  };
}

async function printError(error: unknown, json: boolean): Promise<ExitCode> {
  const { exitCode, ...body } = describeError(error);
  if (json) await print(JSON.stringify({ error: body }));
  else {
    const where = body.where === undefined ? '' : `${body.where}: `;
    process.stderr.write(`tinypareto: ${where}${body.message} [${body.code}]\n`);
    if (body.hint !== undefined) process.stderr.write(`  ${body.hint.replaceAll('\n', '\n  ')}\n`);
  }
  return exitCode;
}

/** Waits until the text is written, so that a pipe's reader gets all of it before the process ends. */
function print(text: string): Promise<void> {
  if (text === '') return Promise.resolve();
  return new Promise((resolve) => {
    // A reader that has gone away (`| head`) is not an error of the command.
    process.stdout.once('error', () => resolve());
    process.stdout.write(text.endsWith('\n') ? text : `${text}\n`, () => resolve());
  });
}
