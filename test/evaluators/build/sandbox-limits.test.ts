/** Where bubblewrap is missing limits still hold, and it is said: the tests of the sandbox again, with every program of this machine but bubblewrap. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { detectSandbox } from '../../../evaluators/build/sandbox.ts';

const skip = detectSandbox().kind === 'none' ? 'prlimit is not here' : false;

test('limits confine alone', { skip }, (context) => {
  const programs = mkdtempSync(join(tmpdir(), 'dnnrt-programs-'));
  context.after(() => rmSync(programs, { recursive: true, force: true }));
  for (const folder of (process.env['PATH'] ?? '').split(':').filter((each) => each !== '' && existsSync(each)))
    for (const name of readdirSync(folder))
      if (name !== 'bwrap' && !existsSync(join(programs, name)))
        try {
          symlinkSync(join(folder, name), join(programs, name));
        } catch {
          // A name that is there already, as a link to nothing.
        }
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: programs, TINYPARETO_EXPECT_SANDBOX: 'limits' };
  delete env['NODE_TEST_CONTEXT'];
  const file = join(import.meta.dirname, 'sandbox.test.ts');
  const result = spawnSync(process.execPath, ['--test', '--test-reporter=tap', file], { env, encoding: 'utf8' });
  assert.equal(result.status, 0, result.stdout);
  assert.match(result.stdout, /ok \d+ - a program that never ends is ended\n/);
  assert.match(result.stdout, /ok \d+ - a program cannot take more memory or write a larger file than it is given\n/);
  assert.match(result.stdout, /ok \d+ - what confines is said\n/);
});
