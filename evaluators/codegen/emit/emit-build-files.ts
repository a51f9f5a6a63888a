/** CMakeLists.txt and Makefile of a generated network: a static library, for any C99 compiler. */
import type { Program } from '../program.ts';
import type { SourceFile } from './source-file.ts';

/**
 * Flags that every build of a generated network needs. Contraction of a * b + c into one rounding would change results;
 * buffers of different types share the arena.
 */
export const REQUIRED_FLAGS = ['-std=c99', '-ffp-contract=off', '-fno-strict-aliasing', '-fno-math-errno'] as const;

/** `sources`: paths of all .c files. */
export function emitBuildFiles(program: Program, sources: readonly string[]): SourceFile[] {
  return [
    { path: 'CMakeLists.txt', text: cmake(program.prefix, sources) },
    { path: 'Makefile', text: makefile(program.prefix, sources) },
  ];
}

function cmake(prefix: string, sources: readonly string[]): string {
  return [
    'cmake_minimum_required(VERSION 3.13)',
    `project(${prefix} C)`,
    `add_library(${prefix} STATIC`,
    ...sources.map((source) => `  ${source}`),
    ')',
    `target_include_directories(${prefix} PUBLIC . dnnrt/include PRIVATE dnnrt/src)`,
    `target_compile_options(${prefix} PRIVATE ${REQUIRED_FLAGS.join(' ')} -O2)`,
    '',
  ].join('\n');
}

function makefile(prefix: string, sources: readonly string[]): string {
  return [
    'CC ?= cc',
    'AR ?= ar',
    'CFLAGS ?= -O2',
    `FLAGS = ${REQUIRED_FLAGS.join(' ')} -I. -Idnnrt/include -Idnnrt/src`,
    '',
    'SOURCES = \\',
    ...sources.map((source, index) => `  ${source}${index === sources.length - 1 ? '' : ' \\'}`),
    '',
    `lib${prefix}.a: $(SOURCES:.c=.o)`,
    '\t$(AR) rcs $@ $^',
    '',
    '%.o: %.c',
    '\t$(CC) $(CFLAGS) $(FLAGS) -c -o $@ $<',
    '',
    'clean:',
    `\trm -f lib${prefix}.a $(SOURCES:.c=.o)`,
    '',
    '.PHONY: clean',
    '',
  ].join('\n');
}
