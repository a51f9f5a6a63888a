/** The launcher in a checkout where nothing is installed yet. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { ROOT, temporaryFolder } from '../support/run-cli.ts';

it('says how to install what is missing instead of showing where it stumbled', (test) => {
  const folder = temporaryFolder(test);
  cpSync(path.join(ROOT, 'bin'), path.join(folder, 'bin'), { recursive: true });
  mkdirSync(path.join(folder, 'src'));
  writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
  writeFileSync(path.join(folder, 'src', 'main.ts'), "import 'a-package-that-is-not-there';\n");
  const launcher = path.join(folder, 'bin', 'tinypareto.cjs');
  const { status, stderr } = spawnSync(process.execPath, [launcher, '--help'], { encoding: 'utf8' });
  assert.equal(status, 69, stderr);
  assert.match(stderr, /Run: npm run bootstrap/);
  assert.doesNotMatch(stderr, /\n {4}at /);
});
