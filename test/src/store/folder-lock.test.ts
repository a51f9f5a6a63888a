import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { lockFolder, readHolder } from '../../../src/store/folder-lock.ts';

const lockModule = new URL('../../../src/store/folder-lock.ts', import.meta.url).href;

describe('the lock of a data folder', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'tinypareto-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps a second daemon out, says who has it and where, and lets it in afterwards', () => {
    const lock = lockFolder(folder);
    lock.announce('http://127.0.0.1:8080');
    assert.deepEqual(readHolder(folder), { pid: process.pid, url: 'http://127.0.0.1:8080' });
    assert.throws(() => lockFolder(folder), {
      code: 'DATA_FOLDER_LOCKED',
      exitCode: 75,
      message: new RegExp(String(process.pid)),
      hint: /127\.0\.0\.1:8080/,
    });
    lock.release();
    lockFolder(folder).release();
  });

  it('ends with the process that held it, even when that is killed', async () => {
    const child = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { lockFolder } from ${JSON.stringify(lockModule)}; lockFolder(process.argv[1]); console.log('held'); setInterval(() => {}, 1000);`,
      folder,
    ]);
    try {
      await once(child.stdout, 'data');
      assert.throws(() => lockFolder(folder), { code: 'DATA_FOLDER_LOCKED' });
    } finally {
      child.kill('SIGKILL');
    }
    await once(child, 'exit');
    lockFolder(folder).release();
  });

  it('says what is wrong with a folder that cannot be used', () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    assert.throws(() => lockFolder(path.join(file, 'below')), { code: 'DATA_FOLDER_UNUSABLE', exitCode: 69 });
  });
});
