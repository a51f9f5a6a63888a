/** What all parts of the importer share while one model is read. */
import type { FunctionProto, NodeProto } from './generated/onnx_pb.js';
import type { GraphBuilder } from './graph-builder.ts';
import { type ImportProblem, ProblemFound } from './import-error.ts';
import type { Scope } from './scope.ts';

export interface ImportState {
  readonly builder: GraphBuilder;
  readonly problems: ImportProblem[];
  readonly functions: ReadonlyMap<string, FunctionProto>;
  /** Translates a list of nodes; their results are bound in `scope`. */
  readonly importNodes: (state: ImportState, nodes: readonly NodeProto[], scope: Scope, opsets: Opsets) => void;
}

export type Opsets = ReadonlyMap<string, number>;

/** A broken model can have a problem in every node; beyond this many the list would help nobody. */
const MOST_PROBLEMS = 200;

export function report(state: ImportState, where: string, error: unknown): void {
  if (state.problems.length >= MOST_PROBLEMS) return;
  if (error instanceof ProblemFound) state.problems.push({ ...error.problem, where });
  else {
    const message = error instanceof Error ? error.message : String(error);
    state.problems.push({ code: 'BAD_NODE', message, where, hint: 'Correct the node, or export the model again.' });
  }
}
