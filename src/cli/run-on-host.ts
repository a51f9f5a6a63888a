/** One inference through the generated C, compiled for this computer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Graph, MissingToolchain, Tensor } from '@tinypareto/evaluators';
import { EXIT, UserError } from '../errors.ts';
import { findBoard } from '../runner/board-specs.ts';
import { naming } from '../runner/input-errors.ts';

/** Outputs by name. Throws UserError TOOL_MISSING without a C compiler, UNSUPPORTED_OPERATOR naming every node without a kernel. */
export async function runOnHost(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  signal: AbortSignal,
): Promise<Map<string, Tensor>> {
  const { allocate, buildHost, lower, runHost } = await import('@tinypareto/evaluators');
  const program = await naming(graph.name, () => lower(graph, findBoard('host')));
  const folder = await mkdtemp(path.join(tmpdir(), 'tinypareto-infer-'));
  try {
    const built = await buildHost(program, folder);
    if (built.kind === 'missing') throw missingTool(built);
    const sample = program.inputs.map((port) => bytesOf(feeds.get(port.name)));
    const { outputs } = await runHost(built, [sample], { signal });
    const results = new Map<string, Tensor>();
    program.outputs.forEach((port, index) => {
      const data = allocate(port.dtype, port.elements);
      new Uint8Array(data.buffer).set(outputs[0]?.[index] ?? new Uint8Array());
      results.set(port.name, { dtype: port.dtype, shape: port.shape, data });
    });
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function bytesOf(tensor: Tensor | undefined): Uint8Array {
  if (tensor === undefined) return new Uint8Array();
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}

export function missingTool({ missing, hint }: MissingToolchain): UserError {
  return new UserError({
    code: 'TOOL_MISSING',
    message: `${missing} was not found`,
    hint: `${hint}; tinypareto doctor shows what else is missing`,
    exitCode: EXIT.unavailable,
  });
}
