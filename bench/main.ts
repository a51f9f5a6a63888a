/** `npm run --silent bench -- NAME --json`: runs bench/NAME.ts. Without a name, lists the benches. */
import { readdirSync } from 'node:fs';
import type { Bench } from './bench-result.ts';

const NOT_BENCHES = new Set(['main.ts', 'bench-result.ts', 'report.ts']);
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.ts') && !NOT_BENCHES.has(file))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();

const [name, ...args] = process.argv.slice(2);
if (name === undefined || !names.includes(name)) {
  process.stderr.write(`usage: npm run --silent bench -- NAME [--json] [OPTION …]\nbenches: ${names.join(', ')}\n`);
  process.exit(name === undefined ? 0 : 2);
}

const json = args.includes('--json');
const bench = (await import(new URL(`./${name}.ts`, import.meta.url).href)) as Bench;
const result = await bench.run({ args, json });
if (json) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
} else {
  const peer =
    result.peer === null
      ? 'no peer'
      : `${result.peer}: ${result.peerFigure} ${result.unit}, ratio ${result.ratio?.toFixed(2)}`;
  process.stdout.write(
    `${result.name}: ${result.figure} ${result.unit} (${peer})\n${JSON.stringify(result.details, null, 2)}\n`,
  );
}
