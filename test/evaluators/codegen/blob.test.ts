import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fuseQuantized, importOnnx } from '@tinypareto/evaluators';
import { buildArm } from '../../../evaluators/build/build-arm.ts';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { writeSources } from '../../../evaluators/build/write-sources.ts';
import { makeBlob } from '../../../evaluators/codegen/emit/blob.ts';
import { REQUIRED_FLAGS } from '../../../evaluators/codegen/emit/emit-build-files.ts';
import { emitC } from '../../../evaluators/codegen/emit/emit-c.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { predictSizes } from '../../../evaluators/codegen/predict/predict-sizes.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { encodedLayers, randomInputs } from '../../support/encoded-layers.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const toolchain = hostToolchain();
const skip = isMissing(toolchain) && 'no C compiler';
const cache = temporaryCache();

test('the blob form gives the bytes of the usual form', { skip }, async () => {
  const graph = encodedLayers(29, 24);
  const program = lower(graph, board('host'));
  const inputs = [randomInputs(graph, 1), randomInputs(graph, 2)];
  const outputs = await Promise.all(
    [false, true].map(async (blob) => {
      const built = await buildHost(program, cache, emitC(program, { blob }));
      assert.ok(built.kind === 'built');
      return (await runHost(built, inputs)).outputs;
    }),
  );
  assert.deepEqual(outputs[1], outputs[0]);
});

test('sizes of the blob form before compiling: RAM exactly, ROM within 1 % of the linked file', {
  skip: isMissing(armToolchain()) ? 'no Arm compiler' : skipWithoutShared(),
}, async () => {
  const graph = fuseQuantized(importOnnx(modelBytes('lenet', 'lenet5-classic.int8-pc')));
  const cases = (['pico', 'nano33ble'] as const).flatMap((name) =>
    (['balanced', 'speed'] as const).map((optimize) => ({ name, optimize })),
  );
  for (const { name, optimize } of cases) {
    const spec = board(name);
    const program = lower(graph, spec, { optimize });
    const built = await buildArm(program, spec, cache, emitC(program, { blob: true }));
    assert.ok(built.kind === 'built');
    const { text, rodata, data, bss } = built.linked;
    const { romBytes, ramBytes } = predictSizes(program, spec, { blob: true });
    assert.equal(ramBytes, data + bss);
    const linked = text + rodata + data;
    assert.ok(Math.abs(romBytes / linked - 1) <= 0.01, `${name}: ${romBytes} bytes predicted, ${linked} linked`);
  }
});

test('constants are in the blob once, aligned, and nowhere in the code', () => {
  const program = lower(encodedLayers(29, 24), board('pico'));
  const { files, blob } = emitC(program, { blob: true });
  assert.ok(blob !== undefined);
  const { offsets } = makeBlob(program);
  for (const { id, bytes, data } of program.constants) {
    const at = offsets.get(id) ?? -1;
    assert.equal(at % 8, 0);
    const { buffer, byteOffset } = data();
    assert.deepEqual(blob.subarray(at, at + bytes), new Uint8Array(buffer, byteOffset, bytes));
  }
  assert.ok(files.every(({ path }) => !path.endsWith('_weights.h')));
  assert.deepEqual(emitC(program, { blob: true }), emitC(program, { blob: true }));
});

const LOADER_TEST = `
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "net.h"
#include "net_blob.h"
static uint64_t place[NET_BLOB_BYTES / 8 + 1];
int main(int argc, char **argv) {
  uint8_t *bytes = (uint8_t *)place;
  FILE *file = fopen(argv[argc - 1], "rb");
  if (file == 0 || fread(bytes, 1, NET_BLOB_BYTES, file) != NET_BLOB_BYTES) return 9;
  printf("%d", memcmp(bytes, net_blob.bytes, NET_BLOB_BYTES) != 0);
  memmove(bytes + 1, bytes, NET_BLOB_BYTES);
  printf("%d", net_load(bytes + 1));
  memmove(bytes, bytes + 1, NET_BLOB_BYTES);
  for (int at = 0; at < 20; at++) {
    bytes[at] ^= 1;
    printf("%d", net_load(bytes));
    bytes[at] ^= 1;
  }
  printf("%d", net_load(bytes));
  return 0;
}
`;

test('the loader refuses what is not its blob', { skip }, async () => {
  assert.ok(!isMissing(toolchain));
  const program = lower(encodedLayers(3, 6), board('host'));
  const { files, blob } = emitC(program, { blob: true });
  assert.ok(blob !== undefined);
  const folder = join(cache, 'loader');
  await mkdir(folder, { recursive: true });
  await writeSources([...files, { path: 'loader_test.c', text: LOADER_TEST }], folder);
  writeFileSync(join(folder, 'net.blob'), blob);
  const sources = files.map(({ path }) => path).filter((path) => path.endsWith('.c'));
  const flags = [...REQUIRED_FLAGS, '-Wall', '-Wextra', '-Werror', '-I.', '-Idnnrt/include', '-Idnnrt/src'];
  execFileSync(toolchain.compiler, [...flags, ...sources, 'loader_test.c', '-o', 'loader_test'], { cwd: folder });
  const printed = execFileSync(join(folder, 'loader_test'), ['net.blob'], { cwd: folder, encoding: 'utf8' });
  // Equal to the array; misaligned; magic, size and fingerprint wrong; checksum and content wrong; fine.
  assert.equal(printed, `01${'2'.repeat(12)}${'3'.repeat(8)}0`);
});
