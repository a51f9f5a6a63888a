/** Runs a program without a shell, with a time limit, and collects its output; limits on memory and files come from the sandbox. */
import { spawn } from 'node:child_process';

export interface CommandOptions {
  readonly cwd?: string;
  readonly input?: Uint8Array;
  readonly timeoutMs: number;
  /** Output beyond this ends the program. */
  readonly maxOutputBytes?: number;
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** Exit code, or null when a signal ended the program. */
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** Why the program was ended from outside, if it was. */
  readonly ended: 'timeout' | 'output' | 'aborted' | undefined;
}

/** Rejects only when the program cannot be started. */
export function runCommand(program: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TMPDIR: options.cwd ?? '/tmp' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let ended: CommandResult['ended'];
  const end = (reason: NonNullable<CommandResult['ended']>) => {
    ended ??= reason;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => end('timeout'), options.timeoutMs);
  const abort = () => end('aborted');
  options.signal?.addEventListener('abort', abort, { once: true });
  if (options.signal?.aborted === true) abort();
  const limit = options.maxOutputBytes ?? 256 * 1024 * 1024;
  const chunks: Buffer[] = [];
  let outputBytes = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length;
    if (outputBytes > limit) end('output');
    else chunks.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    if (stderr.length < 64 * 1024) stderr += chunk.toString('utf8');
  });
  // The program may end without reading its input.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input);
  child.on('error', (error) => {
    clearTimeout(timer);
    reject(error);
  });
  child.on('close', (code) => {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
    resolve({ code, stdout: Buffer.concat(chunks), stderr, ended });
  });
  return promise;
}
