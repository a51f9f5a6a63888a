/**
 * The open problems over REST: a client defines the study, asks and tells against a daemon in a process of its own (or `--url`), and the
 * same study runs in the library. Every point must be the same bit for bit. The figure is the median hypervolume over REST, the peer the
 * library in this process.
 *   --problem NAME (ZDT2-d6)   --evals N (20)   --seeds K (1)   --sampler KIND (mobo)   --url URL
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  createRng,
  createSampler,
  hypervolumeHistory,
  type ObservedTrial,
  openProblems,
  SAMPLER_KINDS,
  type SamplerKind,
  type TestProblem,
} from '@tinypareto/optimizer';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';
import { type Call, runOverRest } from './support/rest-run.ts';

const daemonFile = fileURLToPath(new URL('./support/serve-folder.ts', import.meta.url));

function client(url: string): Call {
  return async (method, target, body) => {
    const answer = await fetch(new URL(target, url), {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${text}`);
    return JSON.parse(text);
  };
}

function inLibrary(test: TestProblem, kind: SamplerKind, seed: number, evaluations: number): ObservedTrial[] {
  const sampler = createSampler(kind, test.problem, { seed, budgetTrials: evaluations });
  const observed: ObservedTrial[] = [];
  for (let number = 0; number < evaluations; number++) {
    const [suggestion] = sampler.suggest(observed, createRng(seed, number, 'suggest'), 1).suggestions;
    if (suggestion === undefined) break;
    const { params } = suggestion;
    observed.push({ number, state: 'completed', params, metrics: test.measure(params) });
  }
  return observed;
}

function hypervolumeOf(test: TestProblem, observed: readonly ObservedTrial[]): number {
  const points = observed.map(({ params }) => {
    const { objectives, constraints } = test.evaluate(params);
    return constraints.every((c) => c <= 0) ? objectives : null;
  });
  return hypervolumeHistory(points, test.reference).at(-1) ?? 0;
}

async function withDaemon<T>(url: string, work: (call: Call) => Promise<T>): Promise<T> {
  if (url !== '') return work(client(url));
  const folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-bench-'));
  const daemon = spawn(process.execPath, [daemonFile, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(daemon.stdout, 'data')) as [Buffer];
    return await work(client(line.toString().trim()));
  } finally {
    daemon.kill();
    await once(daemon, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const name = option(args, 'problem', 'ZDT2-d6');
  const test = openProblems.get(name);
  if (test === undefined) throw new RangeError(`--problem: one of ${[...openProblems.keys()].join(', ')}`);
  const kind = SAMPLER_KINDS.find((k) => k === option(args, 'sampler', 'mobo'));
  if (kind === undefined) throw new RangeError(`--sampler: one of ${SAMPLER_KINDS.join(', ')}`);
  const seeds = Number(option(args, 'seeds', '1'));
  const evaluations = Number(option(args, 'evals', '20'));
  const rows = await withDaemon(option(args, 'url', ''), async (call) => {
    const found = [];
    for (let seed = 0; seed < seeds; seed++) {
      const rest = await runOverRest(call, test, kind, seed, evaluations);
      const library = inLibrary(test, kind, seed, evaluations);
      const asks = rest.askMs.toSorted((a, b) => a - b);
      found.push({
        seed,
        restHypervolume: hypervolumeOf(test, rest.observed),
        daemonHypervolume: rest.hypervolume,
        libraryHypervolume: hypervolumeOf(test, library),
        isIdentical:
          JSON.stringify(rest.observed.map(({ params }) => params)) ===
          JSON.stringify(library.map(({ params }) => params)),
        medianAskMs: median(asks),
        largestAskMs: asks.at(-1),
      });
    }
    return found;
  });
  const figure = median(rows.map((row) => row.restHypervolume));
  const peerFigure = median(rows.map((row) => row.libraryHypervolume));
  return {
    name: 'optimizer-rest',
    figure,
    unit: `median hypervolume on ${name} after ${evaluations} evaluations over REST (${kind}, ${seeds} seeds)`,
    peer: 'the same study in the library',
    peerFigure,
    ratio: figure / peerFigure,
    details: { isIdentical: rows.every((row) => row.isIdentical), rows },
  };
}
