import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

test('the manifest of runtime-c names every function and what it calls', () => {
  execFileSync(process.execPath, ['scripts/runtime-manifest.ts', '--check'], { stdio: 'pipe' });
});
