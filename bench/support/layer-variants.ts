/** The same layer with other weights or number formats, which take other kernels or other ways through them. */
import type { Graph, Tensor } from '@tinypareto/evaluators';

function weightsName({ nodes }: Graph): string {
  const inputs = nodes[0]?.inputs ?? [];
  return nodes[0]?.op.kind.startsWith('Q') ? (inputs[3] ?? '') : (inputs[1] ?? '');
}

function withWeights(graph: Graph, change: (weights: Tensor) => Tensor): Graph {
  const name = weightsName(graph);
  const weights = graph.initializers.get(name);
  if (weights === undefined) return graph;
  return { ...graph, initializers: new Map([...graph.initializers, [name, change(weights)]]) };
}

/** Weights of 4 bits. */
export function inNibbles(graph: Graph): Graph {
  return withWeights(graph, (weights) => {
    if (weights.dtype !== 'int8') return weights;
    return { ...weights, data: (weights.data as Int8Array).map((w) => w >> 4) } as Tensor;
  });
}

/** A share of the weights zero, spread evenly at random; results as much smaller as that leaves them. */
export function inSparse(graph: Graph, zeros: number, seed: number): Graph {
  let state = (Math.imul(seed + 1, 2654435761) ^ 0x5bd1e995) >>> 0;
  const kept = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 >= zeros;
  };
  const sparse = withWeights(graph, (weights) => {
    const data = (weights.data as Float32Array).map((w) => (kept() ? w : 0));
    return { ...weights, data } as Tensor;
  });
  const scale = sparse.initializers.get('y_scale');
  if (scale === undefined) return sparse;
  const smaller = (scale.data as Float32Array).map((value) => value * Math.sqrt(1 - zeros));
  return {
    ...sparse,
    initializers: new Map([...sparse.initializers, ['y_scale', { ...scale, data: smaller } as Tensor]]),
  };
}

/** The paper's format: uint8 with zero points, that of the weights off the middle by `tilt`. */
export function inUnsigned(graph: Graph, tilt: number): Graph {
  const initializers = new Map<string, Tensor>();
  for (const [name, tensor] of graph.initializers) {
    const add = 128 + (name === 'w_zero' ? tilt : 0);
    const unsigned = (): Tensor => ({
      dtype: 'uint8',
      shape: tensor.shape,
      data: Uint8Array.from(tensor.data as Int8Array, (value) => value + add),
    });
    initializers.set(name, tensor.dtype === 'int8' ? unsigned() : tensor);
  }
  const asUnsigned = <T extends { readonly dtype: string }>(info: T): T =>
    info.dtype === 'int8' ? { ...info, dtype: 'uint8' } : info;
  const values = new Map([...graph.values].map(([name, info]) => [name, asUnsigned(info)]));
  return { ...graph, inputs: graph.inputs.map(asUnsigned), initializers, values };
}
