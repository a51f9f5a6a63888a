/**
 * The paper's LeNet in uint8 with trained weights, the smallest of which are set to their zero point: element pruning by magnitude, either the same
 * share of every layer or one threshold for all. For sizes and times; nothing is trained afterwards, so it says nothing of accuracy.
 */
import { fuseQuantized, type Graph, importOnnx, type Tensor } from '@tinypareto/evaluators';
import { modelBytes } from '../../test/support/reference-io.ts';

export type Spread = 'perLayer' | 'global';

interface Weights {
  readonly name: string;
  readonly tensor: Tensor;
  readonly zero: number;
  readonly magnitudes: Float64Array;
}

function weightsOf(graph: Graph): Weights[] {
  const constant = (name: string | undefined) => graph.initializers.get(name ?? '');
  return graph.nodes.flatMap(({ op, inputs }) => {
    const tensor = constant(inputs[3]);
    if ((op.kind !== 'QLinearConv' && op.kind !== 'QGemm' && op.kind !== 'QLinearMatMul') || tensor === undefined)
      return [];
    const scale = Number(constant(inputs[4])?.data[0]);
    const zero = Number(constant(inputs[5])?.data[0] ?? 0);
    const magnitudes = Float64Array.from(tensor.data as Uint8Array, (value) => Math.abs(value - zero) * scale);
    return [{ name: inputs[3], tensor, zero, magnitudes }];
  });
}

/** How many of the smallest magnitudes make up `share`; equal ones are told apart by their place. */
function pruned(layers: readonly Weights[], share: number): Map<string, Uint8Array> {
  const all = layers.flatMap((layer, l) => Array.from(layer.magnitudes, (magnitude, i) => ({ magnitude, l, i })));
  all.sort((a, b) => a.magnitude - b.magnitude || a.l - b.l || a.i - b.i);
  const masks = layers.map(({ magnitudes }) => new Uint8Array(magnitudes.length));
  for (const { l, i } of all.slice(0, Math.round(share * all.length))) masks[l][i] = 1;
  return new Map(layers.map(({ name }, l) => [name, masks[l]]));
}

export function sparseLenet(share: number, spread: Spread): Graph {
  const graph = fuseQuantized(importOnnx(modelBytes('lenet', 'lenet-mnist.uint8')));
  const layers = weightsOf(graph);
  const masks =
    spread === 'global' ? pruned(layers, share) : new Map(layers.flatMap((layer) => [...pruned([layer], share)]));
  const initializers = new Map(graph.initializers);
  for (const { name, tensor, zero } of layers) {
    const mask = masks.get(name);
    const data = Uint8Array.from(tensor.data as Uint8Array, (value, i) => (mask?.[i] === 1 ? zero : value));
    initializers.set(name, { ...tensor, data });
  }
  return { ...graph, initializers };
}
