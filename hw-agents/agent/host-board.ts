/**
 * This computer as a device: compiles the C sources of a job and runs them as a process, under bubblewrap without network where
 * that works. The host-run contract (docs/protocol.md): on stdin uint32 count, then the inputs of each inference; on stdout, per
 * inference, the outputs, then uint64 nanoseconds. Little-endian.
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { BoardError, type BoardPort, type RunReport, type RunRequest } from '../board/index.ts';
import type { DeviceDescription } from '../protocol/index.ts';
import { type ProcessResult, runProcess } from './run-process.ts';

const COMPILERS = ['cc', 'gcc', 'clang'] as const;
const FLAGS = ['-std=c99', '-O2', '-ffp-contract=off', '-Wall', '-o', 'program'];
const MAX_OUTPUT_BYTES = 256 * 1024 * 1024;

export function createHostBoard(): BoardPort {
  const deviceId = `host-${hostname().replaceAll(/[^A-Za-z0-9._-]/g, '-') || 'computer'}`;
  let compiler: { command: string; version: string } | undefined;
  let sandbox: readonly string[] = [];
  let working: Promise<unknown> = Promise.resolve();

  return {
    async describe(): Promise<DeviceDescription> {
      compiler = await findCompiler();
      sandbox = await findSandbox();
      return {
        deviceId,
        board: 'host',
        kind: 'host',
        title: `${hostname()} (${process.platform} ${process.arch})`,
        toolVersions: { compiler: compiler.version, node: process.version, sandbox: sandbox[0] ?? 'none' },
      };
    },
    readIdentity: async () => deviceId,
    async run(request: RunRequest): Promise<RunReport> {
      const tools = compiler ?? (await findCompiler());
      const folder = await mkdtemp(path.join(tmpdir(), 'tinypareto-job-'));
      const task = compileAndRun(folder, tools, sandbox, request);
      working = task.catch(() => {});
      try {
        return await task;
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    close: async () => {
      await working;
    },
  };
}

async function compileAndRun(
  folder: string,
  compiler: { command: string; version: string },
  sandbox: readonly string[],
  request: RunRequest,
): Promise<RunReport> {
  if (request.program.format !== 'c-sources') {
    throw new BoardError('BOARD', `the host runs C sources, not ${request.program.format}`);
  }
  request.onPhase('building');
  const sources = await writeSources(folder, request);
  const built = await runProcess(
    compiler.command,
    [...FLAGS, ...request.program.compilerFlags, ...includeFolders(request), ...sources, '-lm'],
    limits(folder, request, request.deadlines.buildSeconds),
  );
  if (built.timedOut) throw new BoardError('TIMEOUT', `compiling took more than ${request.deadlines.buildSeconds} s`);
  if (built.code !== 0) {
    throw new BoardError('BUILD', `${compiler.command} ended with exit code ${built.code}`, { evidence: built.stderr });
  }
  request.onPhase('measuring');
  const [command = './program', ...prefix] = [...confine(sandbox, folder), path.join(folder, 'program')];
  const ran = await runProcess(command, prefix, {
    ...limits(folder, request, request.deadlines.runSeconds),
    input: inputStream(request),
  });
  return readReport(ran, folder, compiler, sandbox, request, built.stderr);
}

async function writeSources(folder: string, request: RunRequest): Promise<string[]> {
  const sources: string[] = [];
  for (const file of request.program.files) {
    const target = path.join(folder, file.name);
    // The protocol's schema allows no such name; checked again because this writes to disk.
    if (!target.startsWith(folder + path.sep))
      throw new BoardError('PROTOCOL', `bad file name ${JSON.stringify(file.name)}`);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, Buffer.from(file.base64, 'base64'));
    if (file.name.endsWith('.c')) sources.push(file.name);
  }
  return sources.sort();
}

function includeFolders(request: RunRequest): string[] {
  const folders = request.program.files
    .filter((file) => file.name.endsWith('.h'))
    .map((file) => `-I${path.dirname(file.name)}`);
  return [...new Set(folders)];
}

/** Untimed inferences first, then as many as are timed, at least each input once; the inputs take turns. */
function inferenceCount(request: RunRequest): number {
  return request.warmup + Math.max(request.runs, request.inputs.length);
}

function inputStream(request: RunRequest): Buffer {
  const count = inferenceCount(request);
  const header = Buffer.alloc(4);
  header.writeUInt32LE(count);
  const turns = Array.from({ length: count }, (_, i) => inputIndex(request, i));
  return Buffer.concat([header, ...turns.map((index) => request.inputs[index] ?? new Uint8Array())]);
}

/** The first inference after the warm-up takes the first input. */
function inputIndex(request: RunRequest, inference: number): number {
  const { length } = request.inputs;
  return (((inference - request.warmup) % length) + length) % length;
}

function limits(folder: string, request: RunRequest, seconds: number) {
  return { cwd: folder, timeoutMs: seconds * 1000, maxOutputBytes: MAX_OUTPUT_BYTES, signal: request.signal };
}

async function readReport(
  ran: ProcessResult,
  folder: string,
  compiler: { version: string },
  sandbox: readonly string[],
  request: RunRequest,
  compilerMessages: string,
): Promise<RunReport> {
  if (ran.timedOut) throw new BoardError('TIMEOUT', `the program ran for more than ${request.deadlines.runSeconds} s`);
  if (ran.code !== 0) {
    const how = ran.signal === null ? `exit code ${ran.code}` : `signal ${ran.signal}`;
    throw new BoardError('BOOT', `the program ended with ${how}`, { evidence: ran.stderr });
  }
  const frame = request.outputBytes + 8;
  const expected = inferenceCount(request) * frame;
  if (ran.stdout.length !== expected) {
    throw new BoardError('PROTOCOL', `the program wrote ${ran.stdout.length} bytes, expected ${expected}`, {
      evidence: ran.stderr,
    });
  }
  const frames = request.inputs.length > request.runs ? request.inputs.length : request.runs;
  const start = (i: number): number => (request.warmup + i) * frame;
  checkRepeats(ran.stdout, request, frames, start);
  const samples = Array.from(
    { length: request.runs },
    (_, i) => Number(ran.stdout.readBigUInt64LE(start(i) + request.outputBytes)) / 1000,
  );
  return {
    programSha256: createHash('sha256')
      .update(await readFile(path.join(folder, 'program')))
      .digest('hex'),
    outputs: request.inputs.map((_, i) => ran.stdout.subarray(start(i), start(i) + request.outputBytes)),
    latencySamplesUs: samples,
    toolVersions: { compiler: compiler.version, node: process.version, sandbox: sandbox[0] ?? 'none' },
    warnings: compilerMessages === '' ? [] : [`compiler: ${compilerMessages.slice(0, 900)}`],
  };
}

/** The same input must give the same output each time: a network that keeps state between inferences is broken. */
function checkRepeats(stdout: Buffer, request: RunRequest, frames: number, start: (i: number) => number): void {
  for (let i = request.inputs.length; i < frames; i++) {
    const first = start(i % request.inputs.length);
    const again = stdout.subarray(start(i), start(i) + request.outputBytes);
    if (!again.equals(stdout.subarray(first, first + request.outputBytes))) {
      throw new BoardError(
        'NUMERIC',
        `inference ${i} gave other outputs than inference ${i % request.inputs.length} on the same input`,
      );
    }
  }
}

async function probe(command: string, args: readonly string[]): Promise<ProcessResult | undefined> {
  const options = { cwd: tmpdir(), timeoutMs: 5000, maxOutputBytes: 65_536, signal: AbortSignal.timeout(6000) };
  return runProcess(command, args, options).catch(() => undefined);
}

async function findCompiler(): Promise<{ command: string; version: string }> {
  for (const command of COMPILERS) {
    const found = await probe(command, ['--version']);
    if (found?.code === 0) return { command, version: (found.stdout.toString().split('\n')[0] ?? '').slice(0, 200) };
  }
  throw new BoardError('BOARD', `no C compiler found (looked for ${COMPILERS.join(', ')}); install gcc`);
}

/** The bubblewrap command when it works here, else nothing. */
async function findSandbox(): Promise<readonly string[]> {
  const base = [
    'bwrap',
    '--unshare-all',
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--tmpfs',
    '/home',
  ];
  const [command = '', ...args] = base;
  const tried = await probe(command, [...args, 'true']);
  return tried?.code === 0 ? base : [];
}

/** The program's folder stays readable; nothing is writable and there is no network. */
function confine(sandbox: readonly string[], folder: string): readonly string[] {
  return sandbox.length === 0 ? [] : [...sandbox, '--ro-bind', folder, folder, '--chdir', folder];
}
