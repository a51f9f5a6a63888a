/** The network of an evaluation, imported and simplified. Kept by content, because a campaign evaluates one network many times. */
import { createHash } from 'node:crypto';
import type { Graph } from '../ir/graph.ts';
import { importOnnx } from '../onnx/import-onnx.ts';
import { simplify } from '../passes/simplify.ts';

const MOST_NETWORKS = 4;
const networks = new Map<string, Graph>();

/** Throws OnnxImportError listing everything that is wrong with the file. */
export function loadNetwork(model: Uint8Array): Graph {
  const key = createHash('sha256').update(model).digest('hex');
  const known = networks.get(key);
  if (known !== undefined) return known;
  const graph = importOnnx(model);
  const [oldest] = networks.keys();
  if (networks.size >= MOST_NETWORKS && oldest !== undefined) networks.delete(oldest);
  networks.set(key, graph);
  return graph;
}

/** The network as it is deployed in float: normalisation folded into the weights, activations into their producers. */
export function deployable(graph: Graph): Graph {
  return simplify(graph);
}
