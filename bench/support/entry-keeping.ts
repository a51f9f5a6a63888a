/** C source of an entry point that refers to functions, so that a linker that drops what nothing needs keeps them. */
export function entryKeeping(names: readonly string[]): string {
  return [
    ...names.map((name) => `extern void ${name}(void);`),
    'void network_entry(void);',
    `static void (*const kept[])(void) = {${names.join(', ')}};`,
    '__attribute__((section(".entry"), used)) void network_entry(void) {',
    `  for (volatile unsigned i = 0; i < ${names.length}; i++) kept[i]();`,
    '}',
    '',
  ].join('\n');
}
