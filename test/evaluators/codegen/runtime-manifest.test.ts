import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

function parsed<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

test('the manifest of runtime-c names every function and what it calls', () => {
  execFileSync(process.execPath, ['scripts/runtime-manifest.ts', '--check'], { stdio: 'pipe' });
});

for (const core of ['cortex-m0plus', 'cortex-m4f']) {
  test(`every function of runtime-c comes with all that it links on the ${core}`, () => {
    const { functions: calls } = parsed<{ functions: Record<string, { calls: string[] }> }>('runtime-c/manifest.json');
    const { functions: linked } = parsed<{ functions: Record<string, string[]> }>(
      `evaluators/codegen/predict/size-model/${core}.json`,
    );
    const closure = (name: string, known = new Set<string>()): Set<string> => {
      if (known.has(name)) return known;
      known.add(name);
      for (const called of calls[name]?.calls ?? []) closure(called, known);
      return known;
    };
    for (const name of Object.keys(calls)) {
      const files = closure(name);
      for (const piece of linked[name] ?? []) {
        const file = /^(dnnrt_\w+)\.o:/.exec(piece)?.[1];
        assert.ok(file === undefined || files.has(file), `${name} links ${file}, which the manifest does not name`);
      }
    }
  });
}
