/**
 * Durable ask + tell pairs per second over HTTP: 64 clients on keep-alive connections against a daemon in a process of its own, SQLite
 * with a flush to disk for every tell. The peer is Optuna on its SQLite storage, measured in the same run where Python has it.
 * `--clients N --seconds S --python PATH`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';

const daemon = fileURLToPath(new URL('./support/serve-folder.ts', import.meta.url));

interface Asked {
  readonly trials: readonly { readonly id: string; readonly fence: number; readonly params: { readonly x: number } }[];
}

async function post(pool: Pool, target: string, body: unknown): Promise<unknown> {
  const response = await pool.request({
    method: 'POST',
    path: target,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.body.text();
  if (response.statusCode >= 300) throw new Error(`${target}: ${response.statusCode} ${text}`);
  return JSON.parse(text);
}

/** Processor time that a process has used, milliseconds; null where there is no /proc. */
function cpuMs(pid: number | undefined): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return null;
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

async function measure(url: string, daemonPid: number | undefined, clients: number, seconds: number) {
  const pool = new Pool(url, { connections: clients, pipelining: 1 });
  await post(pool, '/v1/studies', {
    name: 'bench',
    objectives: [
      { metric: 'loss', direction: 'minimize' },
      { metric: 'accuracy', direction: 'maximize' },
    ],
    space: [
      { name: 'x', type: 'float', low: 0, high: 1 },
      { name: 'n', type: 'int', low: 1, high: 64 },
    ],
    sampler: { kind: 'random', seed: 1 },
  });
  const askMs: number[] = [];
  const tellMs: number[] = [];
  const runClient = async (until: number, counts: boolean): Promise<void> => {
    while (performance.now() < until) {
      const start = performance.now();
      const { trials } = (await post(pool, '/v1/studies/bench/ask', {})) as Asked;
      const asked = performance.now();
      const [trial] = trials;
      if (trial === undefined) throw new Error('nothing was given');
      const { x } = trial.params;
      await post(pool, `/v1/trials/${trial.id}/tell`, {
        fence: trial.fence,
        metrics: { loss: x, accuracy: Math.sqrt(x) },
      });
      if (!counts) continue;
      askMs.push(asked - start);
      tellMs.push(performance.now() - asked);
    }
  };
  const run = (duration: number, counts: boolean): Promise<unknown> => {
    const until = performance.now() + duration * 1000;
    return Promise.all(Array.from({ length: clients }, () => runClient(until, counts)));
  };
  await run(Math.min(2, seconds / 4), false);
  const start = performance.now();
  const cpuBefore = cpuMs(daemonPid);
  await run(seconds, true);
  const cpuAfter = cpuMs(daemonPid);
  const elapsed = (performance.now() - start) / 1000;
  await pool.close();
  const sort = (values: number[]): number[] => values.sort((a, b) => a - b);
  const [asks, tells] = [sort(askMs), sort(tellMs)];
  return {
    pairsPerSecond: tells.length / elapsed,
    pairs: tells.length,
    /** What a pair costs the daemon, whatever else runs on the machine. */
    daemonCpuMsPerPair: cpuBefore === null || cpuAfter === null ? null : (cpuAfter - cpuBefore) / tells.length,
    askMs: { p50: quantile(asks, 0.5), p99: quantile(asks, 0.99) },
    tellMs: { p50: quantile(tells, 0.5), p99: quantile(tells, 0.99) },
  };
}

const OPTUNA = `
import optuna, sys, time
optuna.logging.set_verbosity(optuna.logging.ERROR)
study = optuna.create_study(storage='sqlite:///' + sys.argv[1], directions=['minimize', 'maximize'],
                            sampler=optuna.samplers.RandomSampler(seed=1))
space = {'x': optuna.distributions.FloatDistribution(0, 1), 'n': optuna.distributions.IntDistribution(1, 64)}
start, pairs = time.perf_counter(), 0
while time.perf_counter() - start < float(sys.argv[2]):
    trial = study.ask(space)
    study.tell(trial, [trial.params['x'], trial.params['x'] ** 0.5])
    pairs += 1
print(optuna.__version__, pairs / (time.perf_counter() - start))
`;

/** Optuna's ask + tell on SQLite in one process, no network; null where Python has no Optuna. */
function measureOptuna(
  python: string,
  folder: string,
  seconds: number,
): { version: string; pairsPerSecond: number } | null {
  const { status, stdout } = spawnSync(python, ['-c', OPTUNA, path.join(folder, 'optuna.db'), String(seconds)], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  const [version, rate] = status === 0 ? stdout.trim().split(' ') : [];
  return version === undefined || rate === undefined ? null : { version, pairsPerSecond: Number(rate) };
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const clients = Number(option(args, 'clients', '64'));
  const seconds = Number(option(args, 'seconds', '8'));
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-bench-'));
  const child = spawn(process.execPath, [daemon, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const result = await measure(line.toString().trim(), child.pid, clients, seconds);
    const peer = measureOptuna(option(args, 'python', 'python3'), folder, Math.min(seconds, 5));
    return {
      name: 'http',
      figure: Math.round(result.pairsPerSecond),
      unit: 'durable ask+tell pairs/s',
      peer: peer === null ? null : `Optuna ${peer.version}, SQLite, in process`,
      peerFigure: peer === null ? null : Number(peer.pairsPerSecond.toFixed(1)),
      ratio: peer === null ? null : result.pairsPerSecond / peer.pairsPerSecond,
      details: { clients, seconds, ...result },
    };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}
