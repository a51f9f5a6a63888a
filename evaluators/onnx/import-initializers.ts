/** Stored tensors of a graph or subgraph. */
import { printName } from '../ir/print.ts';
import { decodeTensor } from './decode-tensor.ts';
import type { GraphProto } from './generated/onnx_pb.js';
import { ProblemFound } from './import-error.ts';
import { type ImportState, report } from './import-state.ts';
import { POISONED, type Scope } from './scope.ts';

/** Initializers become constants of the scope. */
export function importInitializers(state: ImportState, graph: GraphProto, scope: Scope): void {
  if (graph.sparseInitializer.length > 0) {
    report(
      state,
      'sparse initializers',
      new ProblemFound(
        'UNSUPPORTED_TYPE',
        'sparse tensors are not supported',
        'Store the weights densely; zeros are found and packed later.',
      ),
    );
  }
  for (const proto of graph.initializer) {
    const where = `initializer ${printName(scope.prefix + proto.name)}`;
    try {
      if (proto.name === '') throw new ProblemFound('BAD_GRAPH', 'it has no name', 'Export the model again.');
      if (scope.has(proto.name))
        throw new ProblemFound('BAD_GRAPH', 'its name is used twice', 'Export the model again.');
      const tensor = decodeTensor(proto, state.builder.limits);
      const name = scope.depth === 0 ? proto.name : state.builder.freshValueName(scope.prefix + proto.name);
      scope.bind(proto.name, state.builder.addConstant(name, tensor));
    } catch (error) {
      report(state, where, error);
      scope.bind(proto.name, POISONED);
    }
  }
}
