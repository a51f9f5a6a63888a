/**
 * The memory planner on the hard instances A–F at 1 MiB: seconds in all, and the proof of C's optimum. Peer: MiniMalloc in C++ (-O3,
 * one thread), whose times on the same kind of machine are given with the instances.
 */
import { existsSync, readFileSync } from 'node:fs';
import { planMemory } from '@tinypareto/evaluators';
import type { BenchResult } from './bench-result.ts';

const MINIMALLOC_SECONDS: Readonly<Record<string, number>> = { A: 5.73, B: 4.06, C: 0.93, D: 3.3, E: 4.18, F: 6.5 };
const CAPACITY = 1 << 20;

function readInstance(name: string) {
  const file = new URL(`../../shared/data/planning/${name}.1048576.csv`, import.meta.url);
  if (!existsSync(file)) throw new Error('the planning instances in ../shared are not here');
  const [, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const [id = '', lower, upper, size] = line.split(',');
    return { id, lower: Number(lower), upper: Number(upper), sizeBytes: Number(size) };
  });
}

export async function run(): Promise<BenchResult> {
  const rows = Object.entries(MINIMALLOC_SECONDS).map(([name, peerSeconds]) => {
    const buffers = readInstance(name);
    const firstFit = planMemory(buffers, { strategy: 'firstFit' }).peakBytes;
    const start = performance.now();
    const plan = planMemory(buffers, { capacityBytes: CAPACITY, attempts: 0, nodeLimit: 2e6 });
    return {
      name,
      buffers: buffers.length,
      seconds: (performance.now() - start) / 1000,
      peerSeconds,
      peak: plan.peakBytes,
      firstFit,
      feasible: plan.peakBytes <= CAPACITY,
    };
  });
  const start = performance.now();
  const optimumC = planMemory(readInstance('C'), { attempts: 0, nodeLimit: 2e6 });
  const total = rows.reduce((sum, row) => sum + row.seconds, 0);
  const peerTotal = rows.reduce((sum, row) => sum + row.peerSeconds, 0);
  return {
    name: 'planner',
    figure: total,
    unit: 'seconds for A–F at 1 MiB, all feasible',
    peer: 'MiniMalloc C++ 9f5cf81 (stored figure)',
    peerFigure: peerTotal,
    ratio: rows.every((row) => row.feasible) ? peerTotal / total : 0,
    details: {
      instances: rows,
      optimumOfC: { peak: optimumC.peakBytes, proved: optimumC.optimal, seconds: (performance.now() - start) / 1000 },
    },
  };
}
