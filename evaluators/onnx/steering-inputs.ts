/** Finding the graph inputs of a model that steer shapes (axes, sizes, pads …) and so have to be known when it is compiled. */

import type { Graph } from '../ir/graph.ts';
import type { Tensor } from '../ir/tensor.ts';
import { OnnxImportError } from './import-error.ts';
import { type ImportOptions, importOnnx } from './import-onnx.ts';

/**
 * Imports a model whose inputs are all at hand: `feeds` decide symbolic dimensions, and those that steer shapes are bound to their
 * value. The rest remain inputs of the graph. Throws `OnnxImportError` as `importOnnx` does.
 */
export function importForFeeds(
  bytes: Uint8Array,
  feeds: ReadonlyMap<string, Tensor>,
  options: ImportOptions = {},
): { readonly graph: Graph; readonly fixed: ReadonlySet<string> } {
  const inputShapes = new Map([...feeds].map(([name, { shape }]) => [name, shape]));
  const fixed = new Map<string, Tensor>(options.fixedInputs);
  for (;;) {
    try {
      return {
        graph: importOnnx(bytes, { inputShapes, ...options, fixedInputs: fixed }),
        fixed: new Set(fixed.keys()),
      };
    } catch (error) {
      const before = fixed.size;
      for (const name of steeringInputs(error)) {
        const feed = feeds.get(name);
        if (feed !== undefined) fixed.set(name, feed);
      }
      if (fixed.size === before) throw error;
    }
  }
}

/** The inputs that an import failure asks to be fixed. */
function steeringInputs(error: unknown): string[] {
  return error instanceof OnnxImportError ? error.problems.flatMap(({ inputs }) => inputs ?? []) : [];
}
