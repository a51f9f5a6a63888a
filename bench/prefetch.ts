/**
 * How long an ask takes while trials run, as a client sees it: a daemon in a process of its own, studies with a model (DTLZ2-d6-m3, warm
 * with `--known` results), and workers that ask, evaluate for a while, tell, and get ready for the next trial. One study makes every point
 * from all results (`exact`): an ask finds it ready unless a tell or another ask came less than one preparation before. The other one
 * keeps as many points ready as there are workers (`sampler.ahead`), each made from what was known so many asks before its own.
 *   --workers W (2)   --trial-seconds D (4)   --between-seconds G (1)   --seconds S (40, per study)   --known N (100)
 * `atOnce` are asks directly after the own tell. `cost` is what making points ahead costs per evaluation, without a daemon: the hypervolume
 * of `ahead` in shares of that of `exact`, median over `--cost-seeds` (1) seeds of problems with exact formulas.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRng, openProblems, type TestProblem } from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { runLagged } from './support/lagged-run.ts';
import { wireStudy } from './support/rest-run.ts';

const daemonFile = fileURLToPath(new URL('./support/serve-folder.ts', import.meta.url));
const TARGET_MS = 10;
const AT_ONCE_ASKS = 8;
const COST_PROBLEMS = ['BraninCurrin', 'DTLZ2-d6-m3'];
const COST_EVALUATIONS = 60;

interface Asked {
  readonly trials: readonly { readonly id: string; readonly fence: number; readonly params: Record<string, number> }[];
}

class Daemon {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async text(method: string, target: string, body?: unknown): Promise<string> {
    const answer = await fetch(new URL(target, this.#url), {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${text}`);
    return text;
  }

  /** Milliseconds of the ask, and the trial. */
  async ask(study: string): Promise<readonly [number, Asked['trials'][number]]> {
    const before = performance.now();
    const { trials } = JSON.parse(await this.text('POST', `/v1/studies/${study}/ask`, {})) as Asked;
    const [trial] = trials;
    if (trial === undefined) throw new Error('nothing was given');
    return [performance.now() - before, trial];
  }

  async tell(test: TestProblem, { id, fence, params }: Asked['trials'][number]): Promise<void> {
    await this.text('POST', `/v1/trials/${id}/tell`, { fence, metrics: test.measure(params) });
  }

  async counts(): Promise<Readonly<Record<'ready' | 'awaited' | 'computed', number>>> {
    const lines = await this.text('GET', '/metrics');
    const of = (from: string): number =>
      Number(new RegExp(`^tinypareto_suggestions\\{from="${from}"\\} (\\d+)`, 'm').exec(lines)?.[1] ?? 0);
    return { ready: of('ready'), awaited: of('awaited'), computed: of('computed') };
  }
}

async function createStudy(daemon: Daemon, test: TestProblem, known: number, ahead: number): Promise<string> {
  const { budget: _, sampler, ...study } = wireStudy(test, 'mobo', 1, 0, `${ahead} ahead`);
  await daemon.text('POST', '/v1/studies', { ...study, sampler: { ...sampler, ahead } });
  const rng = createRng(1, 0, 'known results');
  const items = Array.from({ length: known }, () => {
    const params = test.problem.space.sampleParams(rng) ?? {};
    return { params, metrics: test.measure(params) };
  });
  await daemon.text('POST', `/v1/studies/${study.name}/tell-batch`, items);
  return study.name;
}

interface Load {
  readonly workers: number;
  readonly trialSeconds: number;
  readonly betweenSeconds: number;
  readonly seconds: number;
}

async function askWhileTrialsRun(daemon: Daemon, test: TestProblem, study: string, load: Load): Promise<number[]> {
  const { workers, trialSeconds, betweenSeconds, seconds } = load;
  const until = performance.now() + seconds * 1000;
  const askMs: number[] = [];
  const rng = createRng(2, 0, 'durations');
  // Trials differ in length, or workers would march in step.
  const lasting = (mean: number): Promise<void> => sleep(1000 * mean * (0.5 + rng.nextFloat()));
  const work = async (): Promise<void> => {
    await lasting(trialSeconds);
    while (performance.now() < until) {
      const [ms, trial] = await daemon.ask(study);
      askMs.push(ms);
      await lasting(trialSeconds);
      await daemon.tell(test, trial);
      await lasting(betweenSeconds);
    }
  };
  await Promise.all(Array.from({ length: workers }, work));
  return askMs;
}

function quantiles(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { asks: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), largest: at(1) };
}

/** One study under the load, then asks in a hurry. */
async function measure(daemon: Daemon, test: TestProblem, known: number, ahead: number, load: Load) {
  const study = await createStudy(daemon, test, known, ahead);
  await daemon.ask(study);
  const before = await daemon.counts();
  const foregroundMs = quantiles(await askWhileTrialsRun(daemon, test, study, load));
  const after = await daemon.counts();
  const total = after.ready + after.awaited + after.computed - before.ready - before.awaited - before.computed;
  const atOnce: number[] = [];
  for (let i = 0; i < AT_ONCE_ASKS; i++) {
    const [ms, trial] = await daemon.ask(study);
    atOnce.push(ms);
    await daemon.tell(test, trial);
  }
  await daemon.text('POST', `/v1/studies/${study}/cancel`);
  return {
    foregroundMs,
    readyShare: (after.ready - before.ready) / total,
    awaitedShare: (after.awaited - before.awaited) / total,
    atOnceMs: quantiles(atOnce),
  };
}

/** Hypervolume of points made `ahead` asks before, as a share of what they reach when made from all results. */
function costOf(workers: number, ahead: number, seeds: number) {
  return COST_PROBLEMS.map((name) => {
    const test = openProblems.get(name);
    if (test === undefined) throw new Error(`${name} is gone`);
    const shares = Array.from({ length: seeds }, (_, seed) => {
      const exact = runLagged(test, seed, COST_EVALUATIONS, workers - 1);
      return runLagged(test, seed, COST_EVALUATIONS, workers - 1 + ahead).map((value, i) => value / exact[i]);
    });
    const at = (evaluations: number): number => median(shares.map((share) => share[evaluations - 1]));
    return { problem: name, seeds, after30: at(30), after60: at(60) };
  });
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const workers = Number(option(args, 'workers', '2'));
  const load: Load = {
    workers,
    trialSeconds: Number(option(args, 'trial-seconds', '4')),
    betweenSeconds: Number(option(args, 'between-seconds', '1')),
    seconds: Number(option(args, 'seconds', '40')),
  };
  const known = Number(option(args, 'known', '100'));
  const test = openProblems.get('DTLZ2-d6-m3');
  if (test === undefined) throw new Error('DTLZ2-d6-m3 is gone');
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-bench-'));
  const child = spawn(process.execPath, [daemonFile, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const daemon = new Daemon(line.toString().trim());
    const ahead = await measure(daemon, test, known, workers, load);
    const exact = await measure(daemon, test, known, 0, load);
    const { p95 } = ahead.foregroundMs;
    return {
      name: 'prefetch',
      figure: p95,
      unit: `ms, 95th percentile of asks while ${workers} workers run trials of ${load.trialSeconds} s, with ahead: ${workers} (exact: ${exact.foregroundMs.p95.toFixed(0)} ms)`,
      peer: 'the target (no peer prepares points: an ask computes them)',
      peerFigure: TARGET_MS,
      ratio: TARGET_MS / p95,
      details: {
        load,
        known,
        ahead,
        exact,
        cost: costOf(workers, workers, Number(option(args, 'cost-seeds', '1'))),
        loadAverage: loadavg()[0],
      },
    };
  } finally {
    child.kill('SIGTERM');
    await once(child, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}
