/** What compilers and generated programs cannot do: read outside, write outside, reach the network, take all memory, run for ever. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BuildError } from '../../../evaluators/build/build-error.ts';
import { compileObjects } from '../../../evaluators/build/compile-objects.ts';
import { runCommand } from '../../../evaluators/build/run-command.ts';
import { confine, detectSandbox } from '../../../evaluators/build/sandbox.ts';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { writeSources } from '../../../evaluators/build/write-sources.ts';

const root = mkdtempSync(join(tmpdir(), 'dnnrt-sandbox-'));
after(() => rm(root, { recursive: true, force: true }));

const toolchain = hostToolchain();
const { kind } = detectSandbox();
const noLimits = isMissing(toolchain) ? 'no C compiler' : kind === 'none' ? 'nothing confines here' : false;
const noWalls = noLimits || (kind === 'bubblewrap' ? false : 'bubblewrap is not here');

const LIMITS = { cpuSeconds: 2, memoryBytes: 512 * 2 ** 20, fileBytes: 2 ** 20 };

async function compile(text: string): Promise<string> {
  assert.ok(!isMissing(toolchain));
  const work = mkdtempSync(join(root, 'work-'));
  const files = [{ path: 'hostile.c', text }];
  await writeSources(files, work);
  const job = { compiler: toolchain.compiler, compilerVersion: toolchain.version, flags: ['-O1'], files, work };
  await compileObjects({ ...job, store: join(root, 'objects') });
  return work;
}

/** Exit code of a compiled program that runs confined in its own folder. */
async function run(text: string) {
  const work = await compile(text);
  assert.ok(!isMissing(toolchain));
  const link = confine(toolchain.compiler, ['hostile.o', '-o', 'hostile'], { folder: work, ...LIMITS });
  assert.equal((await runCommand(link.program, link.args, { cwd: work, timeoutMs: 20_000 })).code, 0);
  const command = confine(join(work, 'hostile'), [], { folder: work, ...LIMITS });
  return runCommand(command.program, command.args, { cwd: work, timeoutMs: 20_000 });
}

test('a source cannot include a file from outside its folder', { skip: noWalls }, async () => {
  const secret = join(root, 'secret.h');
  writeFileSync(secret, '#define SECRET 42\n');
  await assert.rejects(compile(`#include "${secret}"\nint secret = SECRET;\n`), BuildError);
  await assert.rejects(compile('#include "/etc/passwd"\n'), BuildError);
});

test('an assembler directive cannot read a file from outside', { skip: noWalls }, async () => {
  const secret = join(root, 'secret.bin');
  writeFileSync(secret, 'secret');
  await assert.rejects(compile(`__asm__(".incbin \\"${secret}\\"");\n`), BuildError);
});

test('a program cannot read or write outside its folder', { skip: noWalls }, async () => {
  const outside = join(root, 'outside');
  mkdirSync(outside);
  const result = await run(
    `#include <stdio.h>\nint main(void) { FILE *a = fopen("/etc/hostname", "r"), *b = fopen("${outside}/x", "w"), *c = fopen("/usr/x", "w"); return (a != 0) + 2 * (b != 0) + 4 * (c != 0); }\n`,
  );
  assert.equal(result.code, 0);
  assert.deepEqual(readdirSync(outside), []);
});

test('a program has no network and sees no other process', { skip: noWalls }, async () => {
  const result = await run(
    '#include <arpa/inet.h>\n#include <sys/socket.h>\n#include <unistd.h>\nint main(void) { int s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)}; inet_pton(AF_INET, "127.0.0.1", &a.sin_addr); int reached = s >= 0 && connect(s, (struct sockaddr *)&a, sizeof a) == 0; inet_pton(AF_INET, "192.0.2.1", &a.sin_addr); reached |= s >= 0 && connect(s, (struct sockaddr *)&a, sizeof a) == 0; return reached + 2 * (getppid() > 10); }\n',
  );
  assert.equal(result.code, 0);
});

test('a program that never ends is ended', { skip: noLimits }, async () => {
  const result = await run('int main(void) { for (;;) __asm__ volatile(""); }\n');
  assert.notEqual(result.code, 0);
});

test('a program cannot take more memory or write a larger file than it is given', { skip: noLimits }, async () => {
  const memory = await run('#include <stdlib.h>\nint main(void) { return malloc(1ul << 30) == 0 ? 0 : 1; }\n');
  assert.equal(memory.code, 0);
  const file = await run(
    '#include <stdio.h>\nint main(void) { static char block[1 << 16]; FILE *f = fopen("big", "w"); for (int i = 0; i < 64; i++) if (fwrite(block, 1, sizeof block, f) != sizeof block) return 7; return 0; }\n',
  );
  assert.notEqual(file.code, 0);
});

test('sources cannot be written outside the work folder', async () => {
  for (const path of ['../x.c', '/tmp/x.c', 'a/../../x.c']) {
    await assert.rejects(writeSources([{ path, text: '' }], mkdtempSync(join(root, 'write-'))), RangeError);
  }
});

test('what confines is said', () => {
  const expected = process.env['TINYPARETO_EXPECT_SANDBOX'];
  if (expected !== undefined) assert.equal(detectSandbox().kind, expected);
  assert.match(detectSandbox().description, /bubblewrap|unconfined/);
});
