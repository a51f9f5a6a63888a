/**
 * The memory planner on MiniMalloc's hard instances at 1 MiB: CPU seconds in all, and the proof of C's optimum. Peer: MiniMalloc in C++
 * (-O3, one thread).
 *   --instances DIR   a folder with A.1048576.csv … K.1048576.csv; default: A–F, which lie in ../shared
 *   --minimalloc FILE the peer's program, to be timed in the same run; default: its stored times, known for A–F
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { planMemory } from '@tinypareto/evaluators';
import { type BenchOptions, type BenchResult, option } from './bench-result.ts';

const STORED_SECONDS: Readonly<Record<string, number>> = { A: 5.73, B: 4.06, C: 0.93, D: 3.3, E: 4.18, F: 6.5 };
const CAPACITY = 1 << 20;
const NAMES = 'ABCDEFGHIJK';

const fileOf = (folder: string, name: string): string => join(folder, `${name}.${CAPACITY}.csv`);

function readInstance(folder: string, name: string) {
  const [, ...lines] = readFileSync(fileOf(folder, name), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [id = '', lower, upper, size] = line.split(',');
    return { id, lower: Number(lower), upper: Number(upper), sizeBytes: Number(size) };
  });
}

function cpuSeconds(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** CPU seconds of MiniMalloc on one instance, its start and reading included. */
function timeMiniMalloc(program: string, file: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'planner-'));
  const args = [`--capacity=${CAPACITY}`, `--input=${file}`, `--output=${join(folder, 'plan.csv')}`];
  // The shell's own accounting: the second line of `times` is what its children took.
  const command = ['-c', '"$@" >&2 || exit 1; times', 'sh', program, ...args];
  const { stdout, stderr, status } = spawnSync('sh', command, { encoding: 'utf8', timeout: 120_000 });
  rmSync(folder, { recursive: true });
  const spans = [...(stdout.trim().split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  if (status !== 0 || spans.length !== 2) throw new Error(`${program} did not solve ${file}: ${stderr}`);
  return spans.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0);
}

export async function run({ args }: BenchOptions): Promise<BenchResult> {
  const folder = option(args, 'instances', fileURLToPath(new URL('../../shared/data/planning', import.meta.url)));
  const program = option(args, 'minimalloc', '');
  const names = [...NAMES].filter((name) => existsSync(fileOf(folder, name)));
  if (names.length === 0) throw new Error(`${folder} has no planning instances`);
  const rows = names.map((name) => {
    const buffers = readInstance(folder, name);
    let peak = 0;
    const seconds = cpuSeconds(() => {
      peak = planMemory(buffers, { capacityBytes: CAPACITY, attempts: 0, nodeLimit: 2e6 }).peakBytes;
    });
    const peerSeconds = program === '' ? STORED_SECONDS[name] : timeMiniMalloc(program, fileOf(folder, name));
    const firstFit = planMemory(buffers, { strategy: 'firstFit' }).peakBytes;
    return {
      name,
      buffers: buffers.length,
      seconds,
      peerSeconds: peerSeconds ?? null,
      peak,
      firstFit,
      feasible: peak <= CAPACITY,
    };
  });
  let optimum = { peakBytes: 0, optimal: false };
  const optimumSeconds = cpuSeconds(() => {
    optimum = planMemory(readInstance(folder, 'C'), { attempts: 0, nodeLimit: 2e6 });
  });
  const compared = rows.filter((row) => row.peerSeconds !== null);
  const total = compared.reduce((sum, row) => sum + row.seconds, 0);
  const peerTotal = compared.reduce((sum, row) => sum + (row.peerSeconds ?? 0), 0);
  return {
    name: 'planner',
    figure: total,
    unit: `CPU seconds for ${compared[0]?.name}–${compared.at(-1)?.name} at 1 MiB, all feasible`,
    peer: `MiniMalloc C++ 9f5cf81 (${program === '' ? 'stored figures' : 'same run'})`,
    peerFigure: peerTotal,
    ratio: rows.every((row) => row.feasible) ? peerTotal / total : 0,
    details: {
      instances: rows,
      optimumOfC: { peak: optimum.peakBytes, proved: optimum.optimal, seconds: optimumSeconds },
    },
  };
}
