import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { writeSources } from '../../../evaluators/build/write-sources.ts';
import { emitC } from '../../../evaluators/codegen/emit/emit-c.ts';
import { PROJECT_LAYOUTS, type ProjectLayout, projectFiles } from '../../../evaluators/codegen/emit/project-layout.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { encodedLayers } from '../../support/encoded-layers.ts';
import { integerLayers } from '../../support/integer-layers.ts';

const host = hostToolchain();
const arm = armToolchain();
const cache = temporaryCache();
const HOSTILE = '*/ }\n#include "/etc/passwd"\n"); $(id) `id` $ENV{HOME} //';

function files(layout: ProjectLayout, blob = false, name?: string, cores = 1) {
  const graph = cores === 1 ? encodedLayers(11, 8) : integerLayers(3, 6);
  const nodes = graph.nodes.map((node) => (name === undefined ? node : { ...node, name }));
  const program = lower({ ...graph, nodes }, board('pico'), { cores });
  return projectFiles(program, emitC(program, { blob }), layout);
}

async function written(layout: ProjectLayout, blob = false, cores = 1): Promise<{ folder: string; paths: string[] }> {
  const folder = join(cache, `${layout}${blob}${cores}`);
  await mkdir(folder, { recursive: true });
  const list = files(layout, blob, undefined, cores);
  await writeSources(list, folder);
  return { folder, paths: list.map(({ path }) => path) };
}

for (const layout of PROJECT_LAYOUTS) {
  test(`${layout}: the same files every time, and no name from the model outside the map`, () => {
    assert.deepEqual(files(layout), files(layout));
    const hostile = files(layout, false, HOSTILE);
    files(layout).forEach(({ path, text }, i) => {
      assert.equal(hostile[i]?.path, path);
      if (!path.endsWith('.map.json')) assert.equal(hostile[i]?.text, text, path);
    });
  });
}

test('flat: compiles without include paths or flags', { skip: isMissing(host) && 'no C compiler' }, async () => {
  assert.ok(!isMissing(host));
  const { folder, paths } = await written('flat');
  assert.ok(paths.every((path) => !path.includes('/')));
  execFileSync(host.compiler, ['-c', ...paths.filter((path) => path.endsWith('.c'))], { cwd: folder });
});

test('flat: products are not contracted even when the compiler is told to', {
  skip: isMissing(arm) && 'no Arm compiler',
}, async () => {
  assert.ok(!isMissing(arm));
  const { folder, paths } = await written('flat');
  const flags = [...board('nano33ble').compilerFlags, '-std=gnu11', '-Os', '-ffp-contract=fast', '-S', '-o', '-'];
  for (const path of paths.filter((each) => /f32\.c$/.test(each))) {
    const assembly = execFileSync(arm.compiler, [...flags, path], { cwd: folder, encoding: 'utf8' });
    assert.doesNotMatch(assembly, /\bvfm[as]/, path);
  }
});

test('arduino: the example compiles against the library', {
  skip: !existsSync('/usr/bin/g++') && 'no C++ compiler',
}, async () => {
  const { folder, paths } = await written('arduino');
  assert.ok(paths.includes('library.properties'));
  assert.ok(paths.includes('examples/net_demo/net_demo.ino'));
  const serial =
    'struct { void begin(long) {} template <class T> void print(T) {} template <class T> void print(T, int) {} template <class T> void println(T) {} } Serial; unsigned long micros() { return 0; } void delay(int) {}';
  const stubs = `#include <stdint.h>\n${serial}\n#include "examples/net_demo/net_demo.ino"\nint main() { setup(); loop(); }\n`;
  await writeSources([{ path: 'sketch.cpp', text: stubs }], folder);
  const sources = paths.filter((path) => path.endsWith('.c'));
  execFileSync('gcc', ['-c', ...sources], { cwd: folder });
  const objects = sources.map((path) => path.replace(/^.*\//, '').replace(/\.c$/, '.o'));
  execFileSync('g++', ['-Wall', '-Werror', '-Isrc', 'sketch.cpp', ...objects, '-o', 'sketch', '-lm'], { cwd: folder });
  execFileSync(join(folder, 'sketch'));
});

const PICO_STUBS = `
#include <stdint.h>
#include <stdlib.h>
static inline void stdio_init_all(void) {}
static inline uint64_t time_us_64(void) { return 0; }
static inline void sleep_ms(uint32_t ms) { (void)ms; exit(0); }
`;

/** A second core that runs what it is handed before the first goes on. */
const MULTICORE = `
#include <stdint.h>
#include <stdio.h>
static inline void multicore_launch_core1(void (*work)(void)) { (void)work; printf("core 1\\n"); }
static inline void multicore_fifo_push_blocking(uintptr_t task) { if (task != 0) ((void (*)(void))task)(); }
static inline uint32_t multicore_fifo_pop_blocking(void) { return 0; }
`;

for (const cores of [1, 2]) {
  const what = cores === 1 ? '' : ', with both cores at work';
  test(
    `pico-sdk: CMake configures and builds it with the functions of an SDK${what}`,
    {
      skip: !existsSync('/usr/bin/cmake') && 'no CMake',
    },
    () => builtForPico(cores),
  );
}

async function builtForPico(cores: number): Promise<void> {
  const { folder } = await written('pico-sdk', true, cores);
  const sdk = [
    'macro(pico_sdk_init)',
    'endmacro()',
    'function(pico_enable_stdio_usb)',
    'endfunction()',
    'function(pico_enable_stdio_uart)',
    'endfunction()',
    'function(pico_add_extra_outputs)',
    'endfunction()',
    'add_library(pico_stdlib INTERFACE)',
    'add_library(pico_multicore INTERFACE)',
    `target_include_directories(pico_stdlib INTERFACE ${join(folder, 'sdk')})`,
    '',
  ];
  await writeSources(
    [
      { path: 'sdk/pico_sdk_init.cmake', text: sdk.join('\n') },
      { path: 'sdk/pico/stdlib.h', text: PICO_STUBS },
      { path: 'sdk/pico/multicore.h', text: MULTICORE },
    ],
    folder,
  );
  execFileSync('cmake', ['-S', '.', '-B', 'build', `-DPICO_SDK_PATH=${join(folder, 'sdk')}`], {
    cwd: folder,
    stdio: 'pipe',
  });
  execFileSync('cmake', ['--build', 'build'], { cwd: folder, stdio: 'pipe' });
  const said = execFileSync(join(folder, 'build', 'net_demo'), { encoding: 'utf8' });
  assert.match(said, /us: 0\n$/);
  assert.equal(said.includes('core 1'), cores === 2);
}

test('cmake: builds as a library', { skip: !existsSync('/usr/bin/cmake') && 'no CMake' }, async () => {
  const { folder } = await written('cmake', true);
  execFileSync('cmake', ['-S', '.', '-B', 'build'], { cwd: folder, stdio: 'pipe' });
  execFileSync('cmake', ['--build', 'build'], { cwd: folder, stdio: 'pipe' });
  assert.ok(existsSync(join(folder, 'build', 'libnet.a')));
});

test('a hook is called after each layer', { skip: isMissing(host) && 'no C compiler' }, async () => {
  assert.ok(!isMissing(host));
  const { folder, paths } = await written('flat', true);
  const main = [
    '#include <stdio.h>',
    '#include "net.h"',
    'void layer_done(int layer);',
    'void layer_done(int layer) { printf("%d ", layer); }',
    'static uint8_t zero[1 << 16];',
    'int main(void) {',
    '  net_setup(0);',
    `  net_infer(${new Array(16).fill('0').join(', ')});`,
    '  return zero[0];',
    '}',
    '',
  ];
  await writeSources(
    [
      { path: 'hook.h', text: 'void layer_done(int layer);\n#define NET_LAYER_DONE(layer) layer_done(layer)\n' },
      { path: 'main.c', text: main.join('\n') },
    ],
    folder,
  );
  const sources = paths.filter((path) => path.endsWith('.c') && path !== 'net.c');
  execFileSync(host.compiler, ['-include', 'hook.h', '-c', 'net.c'], { cwd: folder });
  execFileSync(host.compiler, [...sources, 'main.c', 'net.o', '-o', 'hooked'], { cwd: folder });
  assert.equal(execFileSync(join(folder, 'hooked'), { encoding: 'utf8' }), '0 1 2 3 4 5 6 7 ');
});
