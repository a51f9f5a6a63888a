/** A graph's float forward pass compiled for one batch size. */
import type { Graph } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { createEngine, type Engine, type EngineKind } from './engine.ts';
import { Builder } from './lower/builder.ts';
import { lowerNode } from './lower/node.ts';
import { loadImage, placeInput, refuseUnsupported, takeSection } from './lower/program-image.ts';
import { fuseClamps } from './trainable.ts';

export interface InferenceProgram {
  readonly engine: Engine;
  readonly batch: number;
  readonly input: Float32Array;
  /** First output, [batch, …]. */
  readonly output: Float32Array;
  /** Elements of the output per sample. */
  readonly width: number;
  /** The asked inner values, [batch, …]. */
  readonly taps: ReadonlyMap<string, Float32Array>;
  run(): void;
}

/** Compiles a graph's float forward pass at a fixed batch size; `taps` names inner values to keep visible. */
export function compileInference(
  graph: Graph,
  batch: number,
  taps: readonly string[] = [],
  kind?: EngineKind,
): InferenceProgram {
  refuseUnsupported(graph);
  const engine = createEngine(kind);
  const b = new Builder(graph, {
    batch,
    training: false,
    batchNorm: 'frozen',
    heapBase: engine.heapBase,
    trainable: new Set(),
  });
  const workspace = b.arena.reserve(engine.workspaceBytes / 4);
  const input = placeInput(b);
  for (const node of fuseClamps(graph, (name) => taps.includes(name))) lowerNode(b, node);
  const output = b.slot(graph.outputs[0]);
  const section = takeSection(b);
  const buffer = loadImage(engine, b, [section]);
  const count = elementCount(output.shape);
  return {
    engine,
    batch,
    input: new Float32Array(buffer, input.offset, elementCount(input.shape)),
    output: new Float32Array(buffer, output.offset, count),
    width: count / batch,
    taps: new Map(
      taps.map((name) => {
        const { offset, shape } = b.slot(name);
        return [name, new Float32Array(buffer, offset, elementCount(shape))];
      }),
    ),
    run: () => engine.run(section.at, section.words.length, workspace),
  };
}
