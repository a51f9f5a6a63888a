/** A network as a program for the host device of an agent, with inputs and the outputs that the interpreter gives. */
import { createHash } from 'node:crypto';
import {
  type BoardSpec,
  emitC,
  type Graph,
  hostRunnerSource,
  interpret,
  lower,
  REQUIRED_FLAGS,
  type Tensor,
} from '@tinypareto/evaluators';
import type { Program as WireProgram } from '@tinypareto/hw-agents/protocol';

/** C sources with a main function that follows the host-run contract. Throws UnsupportedNodesError. */
export function hostProgram(graph: Graph, host: BoardSpec): WireProgram {
  const program = lower(graph, host);
  const sources = emitC(program).files.filter((file) => /\.[ch]$/.test(file.path));
  const main = { path: 'host_main.c', text: hostRunnerSource(program.prefix, program.inputs, program.outputs) };
  const files = [...sources, main]
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map((file) => ({ name: file.path, base64: Buffer.from(file.text).toString('base64') }));
  const compilerFlags = [...REQUIRED_FLAGS];
  const sha256 = createHash('sha256').update(JSON.stringify({ files, compilerFlags })).digest('hex');
  return { format: 'c-sources', sha256, files, compilerFlags };
}

/** One inference as bytes: inputs in the graph's order, one after the other. */
export function inputBytes(graph: Graph, feeds: ReadonlyMap<string, Tensor>): Uint8Array {
  return Buffer.concat(graph.inputs.map((info) => tensorBytes(feeds.get(info.name))));
}

/** What the device must answer. */
export function expectedBytes(graph: Graph, feeds: ReadonlyMap<string, Tensor>): Uint8Array {
  const outputs = interpret(graph, feeds);
  return Buffer.concat(graph.outputs.map((name) => tensorBytes(outputs.get(name))));
}

function tensorBytes(tensor: Tensor | undefined): Uint8Array {
  if (tensor === undefined) return new Uint8Array();
  return new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
}
