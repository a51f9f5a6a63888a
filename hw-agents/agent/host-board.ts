/**
 * This computer as a device: compiles the C sources of a job and runs them as a process, under bubblewrap without network where
 * that works. The host-run contract (docs/protocol.md): `program WARMUP RUNS`, inputs on stdin, outputs on stdout, one line
 * `ns NUMBER` per timed inference on stderr.
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
    [...FLAGS, ...request.program.compilerFlags, '-I.', ...sources, '-lm'],
    limits(folder, request, request.deadlines.buildSeconds),
  );
  if (built.timedOut) throw new BoardError('TIMEOUT', `compiling took more than ${request.deadlines.buildSeconds} s`);
  if (built.code !== 0) {
    throw new BoardError('BUILD', `${compiler.command} ended with exit code ${built.code}`, { evidence: built.stderr });
  }
  request.onPhase('measuring');
  const [command = './program', ...prefix] = [...confine(sandbox, folder), path.join(folder, 'program')];
  const ran = await runProcess(command, [...prefix, String(request.warmup), String(request.runs)], {
    ...limits(folder, request, request.deadlines.runSeconds),
    input: Buffer.concat(request.inputs),
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
  const expected = request.inputs.length * request.outputBytes;
  if (ran.stdout.length !== expected) {
    throw new BoardError('PROTOCOL', `the program wrote ${ran.stdout.length} bytes of outputs, expected ${expected}`);
  }
  const samples = [...ran.stderr.matchAll(/^ns (\d+)$/gm)].map((match) => Number(match[1]) / 1000);
  if (samples.length !== request.runs) {
    throw new BoardError('PROTOCOL', `the program reported ${samples.length} times, expected ${request.runs}`, {
      evidence: ran.stderr,
    });
  }
  return {
    programSha256: createHash('sha256')
      .update(await readFile(path.join(folder, 'program')))
      .digest('hex'),
    outputs: request.inputs.map((_, i) => ran.stdout.subarray(i * request.outputBytes, (i + 1) * request.outputBytes)),
    latencySamplesUs: samples,
    toolVersions: { compiler: compiler.version, node: process.version, sandbox: sandbox[0] ?? 'none' },
    warnings: compilerMessages === '' ? [] : [`compiler: ${compilerMessages.slice(0, 900)}`],
  };
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
