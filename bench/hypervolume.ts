/**
 * Exact hypervolume of large fronts: CPU microseconds here, and what moocore (C, through Python) took on the same points. With
 * `--python PATH` (an interpreter that has moocore) moocore is timed in the same run; otherwise its stored figures from ../shared are used.
 * The headline is the row of the targets (m = 2, 3 with 10⁵ points, m = 4 with 10³) where we compare worst.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { hypervolume, hypervolumeOfColumns } from '../optimizer/pareto/hypervolume.ts';
import { hypervolumeHistory } from '../optimizer/pareto/hypervolume-history.ts';
import { type BenchOptions, type BenchResult, median, option } from './bench-result.ts';

interface StoredRow {
  readonly shape: 'concave' | 'convex';
  readonly m: number;
  readonly n: number;
  readonly seed: number;
  readonly hv: number;
  readonly peers: { readonly moocore: { readonly medianMicros: number; readonly medianMicrosVariedFronts?: number } };
}

interface Row {
  readonly shape: string;
  readonly m: number;
  readonly n: number;
  readonly micros: number;
  readonly relativeDifference: number | null;
  readonly peerMicros: number | null;
  readonly peerSource: 'stored' | 'same run' | null;
  readonly ratio: number | null;
}

const STORED = new URL('../../shared/peers/optimizer/hypervolume-speed.json', import.meta.url);
const REFERENCE = 1.1;
const FRONTS = 15;
const TARGETS = [
  [2, 100_000],
  [3, 100_000],
  [4, 1_000],
] as const;

/** The generator of the stored fronts: mulberry32, points on (or mirrored at) the unit sphere. */
function front(shape: string, m: number, n: number, seed: number): number[][] {
  let a = seed >>> 0;
  const next = (): number => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return Array.from({ length: n }, () => {
    const u = Array.from({ length: m }, () => (next() + 1) / 2 ** 32);
    let squares = 0;
    for (const v of u) squares += v * v;
    const q = Math.sqrt(squares);
    return u.map((v) => (shape === 'concave' ? v / q : 1 - v / q));
  });
}

const columnsOf = (points: readonly number[][], m: number): Float64Array[] =>
  Array.from({ length: m }, (_, j) => Float64Array.from(points, (p) => p[j]));

function time(shape: string, m: number, n: number, seed: number): { micros: number; value: number } {
  const reference = new Array<number>(m).fill(REFERENCE);
  // Different fronts in turn: a repeated front trains the branch predictor.
  const seeds = Array.from({ length: n >= 100_000 ? 5 : FRONTS }, (_, k) => seed + 7919 * k);
  const points = seeds.map((s) => front(shape, m, n, s));
  const columns = points.map((p) => columnsOf(p, m));
  const run = (k: number): number =>
    m <= 4 ? hypervolumeOfColumns(columns[k], reference) : hypervolume(points[k], reference);
  const value = run(0);
  const rounds = Math.min(40, Math.max(2, Math.ceil(300_000 / (n * m * seeds.length))));
  const micros: number[] = [];
  for (let round = -2; round < rounds; round++) {
    // CPU time of a whole round, so that other processes on the machine do not count.
    const start = process.cpuUsage();
    for (let k = 0; k < seeds.length; k++) run(k);
    const { user, system } = process.cpuUsage(start);
    if (round >= 0) micros.push((user + system) / seeds.length);
  }
  return { micros: median(micros), value };
}

/** The same fronts through moocore in one Python process; CPU microseconds per row, median over rounds. */
function timeMoocore(python: string, rows: readonly StoredRow[]): number[] {
  const script = `
import json, sys, time, statistics, numpy as np, moocore
out = []
for shape, m, n, seeds in json.load(sys.stdin):
    fronts = []
    for seed in seeds:
        a = seed & 0xffffffff; vals = []
        for _ in range(n * m):
            a = (a + 0x6D2B79F5) & 0xffffffff
            t = ((a ^ (a >> 15)) * (a | 1)) & 0xffffffff
            t = (t ^ (t + (((t ^ (t >> 7)) * (t | 61)) & 0xffffffff))) & 0xffffffff
            vals.append(((t ^ (t >> 14)) + 1) / 2**32)
        u = np.array(vals).reshape(n, m); q = np.sqrt((u * u).sum(axis=1, keepdims=True))
        fronts.append(np.ascontiguousarray(u / q if shape == 'concave' else 1 - u / q))
    ref = [1.1] * m; times = []
    for r in range(-1, max(2, 60000 // (n * len(seeds)) + 1)):
        s = time.process_time()
        for f in fronts: moocore.hypervolume(f, ref=ref)
        if r >= 0: times.append((time.process_time() - s) * 1e6 / len(fronts))
    out.append(statistics.median(times))
print(json.dumps(out))`;
  const input = rows.map((r) => [
    r.shape,
    r.m,
    r.n,
    Array.from({ length: r.n >= 100_000 ? 2 : FRONTS }, (_, k) => r.seed + 7919 * k),
  ]);
  const text = execFileSync(python, ['-c', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    timeout: 300_000,
  });
  return JSON.parse(text) as number[];
}

/** Rows to time where the stored figures are not at hand. */
function plainRows(): StoredRow[] {
  return TARGETS.map(([m, n]) => ({
    shape: 'concave',
    m,
    n,
    seed: 1000 * m + n,
    hv: Number.NaN,
    peers: { moocore: { medianMicros: Number.NaN } },
  }));
}

function historyMillis(): number {
  const points = front('concave', 3, 10_000, 1).map((p, i) => p.map((v) => v * (1 + ((i * 7919) % 1000) / 1000)));
  const start = process.hrtime.bigint();
  hypervolumeHistory(points, [2, 2, 2]);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const stored = existsSync(STORED)
    ? (JSON.parse(readFileSync(STORED, 'utf8')) as { results: StoredRow[] }).results
    : plainRows();
  const python = option(args, 'python', '');
  const sameRun = python === '' ? null : timeMoocore(python, stored);
  const rows = stored.map((r, i): Row => {
    const { micros, value } = time(r.shape, r.m, r.n, r.seed);
    const kept = r.peers.moocore.medianMicrosVariedFronts ?? r.peers.moocore.medianMicros;
    const known = Number.isFinite(kept) ? kept : null;
    const peerMicros = sameRun === null ? known : sameRun[i];
    const peerSource = peerMicros === null ? null : sameRun === null ? 'stored' : 'same run';
    const relativeDifference = Number.isFinite(r.hv) ? Math.abs(value / r.hv - 1) : null;
    const ratio = peerMicros === null ? null : peerMicros / micros;
    return { shape: r.shape, m: r.m, n: r.n, micros, relativeDifference, peerMicros, peerSource, ratio };
  });
  const targets = rows.filter((r) => r.shape === 'concave' && TARGETS.some(([m, n]) => m === r.m && n === r.n));
  const worst = targets.reduce((a, b) => ((b.ratio ?? 0) < (a.ratio ?? 0) ? b : a));
  return {
    name: 'hypervolume',
    figure: worst.micros,
    unit: `µs for m = ${worst.m}, n = ${worst.n}`,
    peer: worst.peerMicros === null ? null : `moocore 0.3.2 (${worst.peerSource})`,
    peerFigure: worst.peerMicros,
    ratio: worst.ratio,
    details: { rows, historyOf10000TrialsMillis: historyMillis() },
  };
}
