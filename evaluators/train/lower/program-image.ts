/** The steps shared by every kind of program: refusing what cannot be lowered, placing the input, loading words into an engine. */
import type { Graph } from '../../ir/graph.ts';
import type { Engine } from '../engine.ts';
import { type Builder, type Slot, UnsupportedTrainingError } from './builder.ts';
import { canTrain } from './node.ts';

/** Throws UnsupportedTrainingError naming every node without a lowering. */
export function refuseUnsupported(graph: Graph): void {
  const bad = graph.nodes.filter((node) => !canTrain(node.op.kind));
  if (bad.length > 0) {
    const list = bad.map((node) => `${node.name} (${node.op.kind})`).join(', ');
    throw new UnsupportedTrainingError(`cannot be trained: ${list}`, bad[0].name);
  }
  if (graph.inputs.length !== 1) {
    const text = `a trainable graph has one input, this one has ${graph.inputs.length}`;
    throw new UnsupportedTrainingError(text, graph.name);
  }
}

/** Defines the run-time input with the program's batch size. */
export function placeInput(b: Builder): Slot {
  const [info] = b.graph.inputs;
  return b.define(info.name, [b.batch, ...info.shape.slice(1)], 0);
}

export interface Section {
  readonly words: Int32Array;
  readonly at: number;
}

/** The words emitted since the last call, with room for them in memory. */
export function takeSection(b: Builder): Section {
  const words = Int32Array.from(b.words);
  b.words = [];
  return { words, at: b.arena.reserve(words.length) };
}

/** Makes the engine's memory large enough and writes constants, tables and code. */
export function loadImage(engine: Engine, b: Builder, sections: readonly Section[]): ArrayBuffer {
  const buffer = engine.reserve(b.arena.bytes);
  for (const { offset, data } of b.writes) {
    if (data instanceof Float32Array) new Float32Array(buffer, offset, data.length).set(data);
    else new Int32Array(buffer, offset, data.length).set(data);
  }
  for (const { words, at } of sections) new Int32Array(buffer, at, words.length).set(words);
  return buffer;
}
