/**
 * Damages real models at random and takes each through import, rewriting, inference, export and C sources. Fails on the first error
 * that is not one of ours, on a case that takes more than a second of processor time, and when the process has grown by more than 256 MB. Options:
 * --rounds N (per model, default 500), --seed N, --models folder/name,… (default: small models of ../shared/models).
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { option } from '../bench/bench-result.ts';
import { DamageRandom, damage, runToTheEnd } from '../test/support/damaged-model.ts';
import { modelNames } from '../test/support/exactness.ts';
import { modelBytes } from '../test/support/reference-io.ts';

const args = process.argv.slice(2);
const rounds = Number(option(args, 'rounds', '500'));
const firstSeed = Number(option(args, 'seed', '1'));
const MOST_MILLISECONDS = 1000;
const MOST_GROWTH = 256 * 2 ** 20;

const SMALL = ['har', 'fuzz-nets'].flatMap((folder) => modelNames(folder).map((name) => `${folder}/${name}`));
const models = option(args, 'models', SMALL.join()).split(',');

function fail(model: string, seed: number, bytes: Uint8Array, why: string): never {
  const file = join(tmpdir(), `damaged-${seed}.onnx`);
  writeFileSync(file, bytes);
  console.error(`${model}, seed ${seed}: ${why}; the file is ${file}`);
  process.exit(1);
}

const start = process.memoryUsage().rss;
const endings = { ran: 0, rejected: 0, unsupported: 0 };
let slowest = 0;
for (const model of models) {
  const [folder = '', name = ''] = model.split('/');
  const original = modelBytes(folder, name);
  for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
    const bytes = damage(original, new DamageRandom(seed));
    const from = process.cpuUsage();
    try {
      endings[runToTheEnd(bytes)]++;
    } catch (error) {
      fail(model, seed, bytes, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    const { user, system } = process.cpuUsage(from);
    const taken = (user + system) / 1000;
    slowest = Math.max(slowest, taken);
    if (taken > MOST_MILLISECONDS) fail(model, seed, bytes, `took ${taken.toFixed(0)} ms of processor time`);
  }
  if (process.memoryUsage().rss - start > MOST_GROWTH) {
    console.error(`the process has grown to ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB after ${model}`);
    process.exit(1);
  }
}
console.log(JSON.stringify({ models: models.length, rounds, ...endings, slowestMilliseconds: Math.round(slowest) }));
