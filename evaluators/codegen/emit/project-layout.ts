/**
 * The sources of a network as a project of a build system: `cmake` (a library with a Makefile beside it), `flat` (one folder that compiles
 * without include paths), `arduino` (a library with an example) and `pico-sdk` (a program for the RP2040).
 */

import type { Program } from '../program.ts';
import { REQUIRED_FLAGS } from './emit-build-files.ts';
import type { CSources } from './emit-c.ts';
import { arduinoExample, picoMain } from './example-program.ts';
import { PICO_CORES } from './pico-cores.ts';
import type { SourceFile } from './source-file.ts';

export const PROJECT_LAYOUTS = ['cmake', 'flat', 'arduino', 'pico-sdk'] as const;
export type ProjectLayout = (typeof PROJECT_LAYOUTS)[number];

export function projectFiles(program: Program, sources: CSources, layout: ProjectLayout): readonly SourceFile[] {
  switch (layout) {
    case 'cmake':
      return sources.files;
    case 'flat':
      return flatFiles(sources, '');
    case 'arduino':
      return arduinoFiles(program, sources);
    case 'pico-sdk':
      return picoFiles(program, sources);
  }
}

/**
 * Where no compiler flags can be given, the flags that results depend on stand in the sources: no contraction of a * b + c, and
 * buffers of different types in one arena.
 */
const PRAGMA = '#pragma GCC optimize("O2", "fp-contract=off", "no-strict-aliasing", "no-math-errno")';

/** All C files in one folder: quoted includes find each other there. */
function flatFiles({ prefix, files }: CSources, folder: string): SourceFile[] {
  return files.flatMap(({ path, text }) => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (name.endsWith('.c')) return [{ path: `${folder}${name}`, text: `${PRAGMA}\n${text}` }];
    return name.endsWith('.h') || name === `${prefix}.map.json` ? [{ path: `${folder}${name}`, text }] : [];
  });
}

function arduinoFiles(program: Program, sources: CSources): SourceFile[] {
  const { prefix } = program;
  const properties = [
    `name=${prefix}`,
    'version=1.0.0',
    'author=tinypareto',
    'maintainer=tinypareto',
    'sentence=A neural network as C99.',
    `paragraph=Call ${prefix}_setup once, then ${prefix}_infer.`,
    'category=Data Processing',
    'url=https://www.arduino.cc',
    'architectures=*',
    `includes=${prefix}.h`,
    '',
  ];
  return [
    { path: 'library.properties', text: properties.join('\n') },
    { path: `examples/${prefix}_demo/${prefix}_demo.ino`, text: arduinoExample(program) },
    ...flatFiles(sources, 'src/'),
  ];
}

function picoFiles(program: Program, { prefix, files }: CSources): SourceFile[] {
  const network = files.filter(({ path }) => path !== 'CMakeLists.txt' && path !== 'Makefile');
  const twoCores = program.steps.some(({ beside }) => beside !== undefined);
  const compiled = network.map(({ path }) => path).filter((path) => path.endsWith('.c'));
  const cmake = [
    'cmake_minimum_required(VERSION 3.13)',
    'include(pico_sdk_import.cmake)',
    `project(${prefix}_demo C CXX ASM)`,
    'set(CMAKE_C_STANDARD 99)',
    'pico_sdk_init()',
    '',
    `add_library(${prefix} STATIC`,
    ...compiled.map((path) => `  network/${path}`),
    ')',
    `target_include_directories(${prefix} PUBLIC network network/dnnrt/include PRIVATE network/dnnrt/src)`,
    `target_compile_options(${prefix} PRIVATE ${REQUIRED_FLAGS.join(' ')} -O2)`,
    '',
    `add_executable(${prefix}_demo main.c${twoCores ? ' cores.c' : ''})`,
    `target_link_libraries(${prefix}_demo ${prefix} pico_stdlib${twoCores ? ' pico_multicore' : ''})`,
    `pico_enable_stdio_usb(${prefix}_demo 1)`,
    `pico_enable_stdio_uart(${prefix}_demo 0)`,
    `pico_add_extra_outputs(${prefix}_demo)`,
    '',
  ];
  return [
    { path: 'CMakeLists.txt', text: cmake.join('\n') },
    { path: 'pico_sdk_import.cmake', text: PICO_SDK_IMPORT },
    { path: 'main.c', text: picoMain(program) },
    ...(twoCores ? [{ path: 'cores.c', text: PICO_CORES }] : []),
    ...network.map(({ path, text }) => ({ path: `network/${path}`, text })),
  ];
}

const PICO_SDK_IMPORT = `# Finds the Pico SDK: -DPICO_SDK_PATH=…, or the environment variable of that name.
if(NOT PICO_SDK_PATH AND DEFINED ENV{PICO_SDK_PATH})
  set(PICO_SDK_PATH $ENV{PICO_SDK_PATH})
endif()
if(NOT PICO_SDK_PATH)
  message(FATAL_ERROR "Set PICO_SDK_PATH to the folder of the Pico SDK (https://github.com/raspberrypi/pico-sdk).")
endif()
get_filename_component(PICO_SDK_PATH "\${PICO_SDK_PATH}" REALPATH BASE_DIR "\${CMAKE_BINARY_DIR}")
if(NOT EXISTS "\${PICO_SDK_PATH}/pico_sdk_init.cmake")
  message(FATAL_ERROR "\${PICO_SDK_PATH} is not a Pico SDK.")
endif()
include("\${PICO_SDK_PATH}/pico_sdk_init.cmake")
`;
