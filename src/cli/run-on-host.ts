/** One inference through the generated C, compiled for this computer. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Graph, MissingToolchain, Tensor } from '@tinypareto/evaluators';
import { EXIT, UserError } from '../errors.ts';
import { findBoard } from '../runner/board-specs.ts';
import { naming } from '../runner/input-errors.ts';
import { tensorBytes, tensorsOf } from './tensor-bytes.ts';

/** Outputs by name. Throws UserError TOOL_MISSING without a C compiler, UNSUPPORTED_OPERATOR naming every node without a kernel. */
export async function runOnHost(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  signal: AbortSignal,
): Promise<Map<string, Tensor>> {
  const { buildHost, lower, runHost } = await import('@tinypareto/evaluators');
  const program = await naming(graph.name, () => lower(graph, findBoard('host')));
  const folder = await mkdtemp(path.join(tmpdir(), 'tinypareto-infer-'));
  try {
    const built = await buildHost(program, folder);
    if (built.kind === 'missing') throw missingTool(built);
    const sample = program.inputs.map((port) => tensorBytes(feeds.get(port.name)));
    const { outputs } = await runHost(built, [sample], { signal });
    return await tensorsOf(program.outputs, outputs[0] ?? []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function missingTool({ missing, hint }: MissingToolchain): UserError {
  return new UserError({
    code: 'TOOL_MISSING',
    message: `${missing} was not found`,
    hint: `${hint}; tinypareto doctor shows what else is missing`,
    exitCode: EXIT.unavailable,
  });
}
