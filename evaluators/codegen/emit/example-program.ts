/** Programs that run a network once a second on inputs of zeros and print time and outputs: where a user starts from. */
import type { Port, Program } from '../program.ts';

function fillInputs({ inputs }: Program): string[] {
  return inputs.map(
    ({ id, elements }) => `for (unsigned i = 0; i < ${elements}; i++) io.${id}[i] = 0; /* your input */`,
  );
}

function nulls({ inputs, outputs }: Program): string {
  return [...inputs, ...outputs].map(() => '0').join(', ');
}

function isFloating({ type }: Port): boolean {
  return type === 'float' || type === 'double';
}

/** An Arduino sketch. */
export function arduinoExample(program: Program): string {
  const { prefix, outputs } = program;
  return [
    `#include <${prefix}.h>`,
    '',
    `static ${prefix}_io_t io;`,
    '',
    'void setup() {',
    '  Serial.begin(115200);',
    `  ${prefix}_setup(&io);`,
    '}',
    '',
    'void loop() {',
    ...fillInputs(program).map((line) => `  ${line}`),
    '  const unsigned long start = micros();',
    `  ${prefix}_infer(${nulls(program)});`,
    '  const unsigned long elapsed = micros() - start;',
    ...outputs.flatMap((port) => [
      `  for (unsigned i = 0; i < ${port.elements}; i++) {`,
      isFloating(port) ? `    Serial.print(io.${port.id}[i], 6);` : `    Serial.print((long)io.${port.id}[i]);`,
      "    Serial.print(' ');",
      '  }',
    ]),
    '  Serial.print("us: ");',
    '  Serial.println(elapsed);',
    '  delay(1000);',
    '}',
    '',
  ].join('\n');
}

/** main.c for the Pico SDK. */
export function picoMain(program: Program): string {
  const { prefix, outputs } = program;
  return [
    '#include <stdio.h>',
    '',
    '#include "pico/stdlib.h"',
    '',
    `#include "${prefix}.h"`,
    '',
    'int main(void) {',
    `  ${prefix}_io_t io;`,
    '  stdio_init_all();',
    `  ${prefix}_setup(&io);`,
    '  for (;;) {',
    ...fillInputs(program).map((line) => `    ${line}`),
    '    const uint64_t start = time_us_64();',
    `    ${prefix}_infer(${nulls(program)});`,
    '    const uint64_t elapsed = time_us_64() - start;',
    ...outputs.map((port) =>
      isFloating(port)
        ? `    for (unsigned i = 0; i < ${port.elements}; i++) printf("%g ", (double)io.${port.id}[i]);`
        : `    for (unsigned i = 0; i < ${port.elements}; i++) printf("%ld ", (long)io.${port.id}[i]);`,
    ),
    '    printf("us: %lu\\n", (unsigned long)elapsed);',
    '    sleep_ms(1000);',
    '  }',
    '}',
    '',
  ].join('\n');
}
