/** The header of a generated network: its two functions and the types and sizes of its inputs and outputs. */
import type { Port, Program } from '../program.ts';

/** `void net_infer(const float *x_in0, float *y_out0)`. */
export function inferSignature(program: Program): string {
  const parameters = [
    ...program.inputs.map(({ id, type }) => `const ${type} *x_${id}`),
    ...program.outputs.map(({ id, type }) => `${type} *y_${id}`),
  ];
  return `void ${program.prefix}_infer(${parameters.join(', ')})`;
}

function describe({ id, dtype, shape, elements }: Port): string {
  return `${id}: ${dtype} [${shape.join(', ')}], ${elements} element${elements === 1 ? '' : 's'}`;
}

export function emitHeader(program: Program): string {
  const { prefix, inputs, outputs } = program;
  const guard = `${prefix.toUpperCase()}_H`;
  const ports = [...inputs, ...outputs];
  return [
    '/*',
    ' * A neural network as C99. Tensors are in row-major order with the axes of the model (images NCHW).',
    ...ports.map((port) => ` * ${describe(port)}`),
    ` * ${prefix}.map.json gives the names that layers, inputs and outputs have in the model.`,
    ' */',
    `#ifndef ${guard}`,
    `#define ${guard}`,
    '',
    '#include <stdint.h>',
    '',
    '#ifdef __cplusplus',
    'extern "C" {',
    '#endif',
    '',
    `#define ${prefix.toUpperCase()}_ARENA_BYTES ${program.arenaBytes}`,
    '',
    '/* Places of the inputs and outputs in the static memory of the network. */',
    'typedef struct {',
    ...ports.map(({ id, type, elements }) => `  ${type} *${id}; /* ${elements} */`),
    `} ${prefix}_io_t;`,
    '',
    '/* Call once. io may be null; else it receives the places, for use without copies. */',
    `void ${prefix}_setup(${prefix}_io_t *io);`,
    '',
    '/*',
    ' * One inference. Inputs are copied into their places unless they are there already (the same address, or null), outputs',
    ' * out of theirs likewise. Input places are overwritten during the inference.',
    ' */',
    `${inferSignature(program)};`,
    '',
    '#ifdef __cplusplus',
    '}',
    '#endif',
    '',
    '#endif',
    '',
  ].join('\n');
}
