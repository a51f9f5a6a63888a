/**
 * Kills the daemon (SIGKILL) at random moments while clients ask and tell, and checks after each restart that no acknowledged result
 * is lost, changed or counted twice. `node scripts/kill-soak.ts [--kills 1000] [--seed 1]`; the test suite runs a short form.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRng } from '@tinypareto/optimizer';

const daemonScript = fileURLToPath(new URL('../bench/support/serve-folder.ts', import.meta.url));
const CLIENTS = 4;
const STUDY = {
  name: 'soak',
  objectives: [{ metric: 'loss', direction: 'minimize' }],
  space: [{ name: 'x', type: 'float', low: 0, high: 1 }],
  sampler: { kind: 'random', seed: 1 },
};

export interface SoakReport {
  readonly kills: number;
  readonly acknowledged: number;
  readonly stored: number;
  /** Acknowledged results that were missing or different afterwards. */
  readonly lost: number;
  /** Trials that finished more than once. */
  readonly toldTwice: number;
  /** Fences that two holders got for one trial. */
  readonly sharedFences: number;
  readonly slowestRestartMs: number;
}

interface Told {
  readonly fence: number;
  readonly loss: number;
}

interface Daemon {
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(folder: string): Promise<Daemon> {
  const child = spawn(process.execPath, [daemonScript, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`the daemon did not start: exit ${code}`);
    }),
  ])) as [Buffer];
  return { child, url: line.toString().trim() };
}

/** Null where the daemon died before it answered. */
async function call(url: string, method: string, body?: unknown): Promise<{ status: number; text: string } | null> {
  try {
    const response = await fetch(url, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return null;
  }
}

class Soak {
  readonly #acknowledged = new Map<string, Told>();
  readonly #fences = new Map<string, Set<number>>();
  sharedFences = 0;

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** Asks and tells until the daemon is gone. */
  async client(url: string, name: string): Promise<void> {
    for (let request = 0; ; request++) {
      const asked = await call(`${url}/v1/studies/soak/ask`, 'POST', {
        clientId: name,
        requestId: `${name}-${request}`,
        leaseSeconds: 2,
      });
      if (asked === null) return;
      if (asked.status !== 200) throw new Error(`ask: ${asked.status} ${asked.text}`);
      const { trials } = JSON.parse(asked.text) as { trials: { id: string; fence: number; params: { x: number } }[] };
      for (const trial of trials) if (!(await this.#tell(url, trial))) return;
    }
  }

  async #tell(url: string, trial: { id: string; fence: number; params: { x: number } }): Promise<boolean> {
    const fences = this.#fences.get(trial.id) ?? new Set();
    if (fences.has(trial.fence)) this.sharedFences++;
    this.#fences.set(trial.id, fences.add(trial.fence));
    const told = { fence: trial.fence, loss: trial.params.x };
    const answer = await call(`${url}/v1/trials/${trial.id}/tell`, 'POST', {
      fence: trial.fence,
      metrics: { loss: told.loss },
    });
    if (answer === null) return false;
    if (answer.status === 200) this.#acknowledged.set(trial.id, told);
    else if (answer.status !== 410 && answer.status !== 409) throw new Error(`tell: ${answer.status} ${answer.text}`);
    return true;
  }

  /** Compares everything acknowledged with what the daemon has. */
  async check(url: string): Promise<{ stored: number; lost: number; toldTwice: number }> {
    const finished = new Map<string, number>();
    let stored = 0;
    let after = 0;
    const metrics = new Map<string, number | undefined>();
    for (;;) {
      const page = await call(`${url}/v1/studies/soak/events?after=${after}&limit=5000`, 'GET');
      const lines = (page?.text ?? '').split('\n').filter((line) => line !== '');
      if (lines.length === 0) break;
      for (const line of lines) {
        const event = JSON.parse(line) as {
          seq: number;
          type: string;
          data: { trial?: { id: string; state: string; metrics: { loss?: { mean: number } } } };
        };
        after = event.seq;
        const { trial } = event.data;
        if (event.type !== 'trial.finished' || trial === undefined) continue;
        finished.set(trial.id, (finished.get(trial.id) ?? 0) + 1);
        if (trial.state === 'completed') metrics.set(trial.id, trial.metrics.loss?.mean);
      }
    }
    stored = metrics.size;
    const lost = [...this.#acknowledged].filter(([id, told]) => metrics.get(id) !== told.loss).length;
    return { stored, lost, toldTwice: [...finished.values()].filter((count) => count > 1).length };
  }
}

export async function soak(
  kills: number,
  seed: number,
  progress: (done: number) => void = () => {},
): Promise<SoakReport> {
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-soak-'));
  const rng = createRng(seed, 0, 'kill');
  const state = new Soak();
  let slowestRestartMs = 0;
  let daemon = await start(folder);
  try {
    await call(`${daemon.url}/v1/studies`, 'POST', STUDY);
    for (let kill = 0; kill < kills; kill++) {
      const { child, url } = daemon;
      const clients = Array.from({ length: CLIENTS }, (_, i) => state.client(url, `client-${kill}-${i}`));
      await sleep(20 + rng.nextInt(200));
      child.kill('SIGKILL');
      await Promise.all([once(child, 'exit'), ...clients]);
      const before = performance.now();
      daemon = await start(folder);
      slowestRestartMs = Math.max(slowestRestartMs, performance.now() - before);
      progress(kill + 1);
    }
    const { stored, lost, toldTwice } = await state.check(daemon.url);
    return {
      kills,
      acknowledged: state.acknowledged,
      stored,
      lost,
      toldTwice,
      sharedFences: state.sharedFences,
      slowestRestartMs: Math.round(slowestRestartMs),
    };
  } finally {
    daemon.child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const option = (name: string, fallback: number): number => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? fallback : Number(process.argv[at + 1]);
  };
  const report = await soak(option('kills', 1000), option('seed', 1), (done) => {
    if (done % 50 === 0) process.stderr.write(`${done} kills\n`);
  });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.exitCode = report.lost + report.toldTwice + report.sharedFences === 0 ? 0 : 1;
}
