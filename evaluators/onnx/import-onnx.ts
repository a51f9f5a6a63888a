/**
 * ONNX file -> Graph. Opset differences are resolved, constants folded, functions and control flow inlined; dimensions become
 * numbers. All problems of a model are reported together. Nothing outside the given bytes is ever read.
 */
import type { Graph } from '../ir/graph.ts';
import { printName } from '../ir/print.ts';
import type { Tensor } from '../ir/tensor.ts';
import { decodeModel, opsetVersions } from './decode-model.ts';
import { dtypeOfNumber, elementTypeName } from './element-types.ts';
import type { GraphProto, ValueInfoProto } from './generated/onnx_pb.js';
import { GraphBuilder, type Value } from './graph-builder.ts';
import { type DimensionChoices, inputInfo } from './graph-inputs.ts';
import { type ImportProblem, OnnxImportError, ProblemFound } from './import-error.ts';
import { importNodes } from './import-graph.ts';
import { importInitializers } from './import-initializers.ts';
import { type ImportState, report } from './import-state.ts';
import { functionKey } from './inline-function.ts';
import { DEFAULT_LIMITS, type ImportLimits } from './limits.ts';
import { POISONED, Scope } from './scope.ts';

export interface ImportOptions {
  /** Graph inputs that get a fixed value and disappear from the graph's inputs. */
  readonly fixedInputs?: ReadonlyMap<string, Tensor>;
  /** Sizes of symbolic dimensions by name; all others become 1. */
  readonly symbolic?: Readonly<Record<string, number>>;
  /** Shapes of inputs by name; they decide symbolic and unknown dimensions. */
  readonly inputShapes?: ReadonlyMap<string, readonly number[]>;
  readonly limits?: Partial<ImportLimits>;
}

/** The graph of an ONNX model. Throws `OnnxImportError` with every problem found. */
export function importOnnx(bytes: Uint8Array, options: ImportOptions = {}): Graph {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { model, graph } = decodeModel(bytes, limits);
  const problems: ImportProblem[] = [];
  const opsets = opsetVersions(model.opsetImport, problems);
  const functions = new Map(
    model.functions.map((definition) => {
      const { domain, name, overload } = definition;
      return [functionKey({ domain, opType: name, overload }), definition];
    }),
  );
  const builder = new GraphBuilder(limits, valueNames(graph));
  const state: ImportState = { builder, problems, functions, importNodes };
  const scope = new Scope('');
  importInitializers(state, graph, scope);
  importInputs(state, graph, scope, options);
  importNodes(state, graph.node, scope, opsets);
  const outputs = resolveOutputs(state, graph, scope);
  if (problems.length > 0) throw new OnnxImportError(problems);
  return builder.build(graph.name, outputs);
}

/** Names of all values of the main graph: none of them may be given to a value that the importer makes up. */
function valueNames({ input, initializer, node }: GraphProto): string[] {
  return [
    ...input.map(({ name }) => name),
    ...initializer.map(({ name }) => name),
    ...node.flatMap(({ output }) => output),
  ];
}

/** Inputs that are also initializers keep their value, as do inputs given in `fixedInputs`. */
function importInputs(state: ImportState, graph: GraphProto, scope: Scope, options: ImportOptions): void {
  const choices: DimensionChoices = { symbolic: options.symbolic ?? {}, inputShapes: options.inputShapes ?? new Map() };
  const seen = new Set<string>();
  for (const proto of graph.input) {
    const where = `input ${printName(proto.name)}`;
    try {
      if (proto.name === '') throw new ProblemFound('BAD_GRAPH', 'it has no name', 'Export the model again.');
      if (seen.has(proto.name))
        throw new ProblemFound('BAD_GRAPH', 'its name is used twice', 'Export the model again.');
      seen.add(proto.name);
      const fixed = options.fixedInputs?.get(proto.name);
      if (fixed !== undefined) scope.bind(proto.name, state.builder.addConstant(proto.name, fixed));
      else if (!scope.has(proto.name))
        scope.bind(proto.name, state.builder.addInput(inputInfo(proto, choices, state.builder.limits)));
    } catch (error) {
      report(state, where, error);
      scope.bind(proto.name, POISONED);
    }
  }
}

function checkDeclaredType(proto: ValueInfoProto, value: Value): void {
  const kind = proto.type?.value;
  if (kind?.case === undefined) return;
  const declared = kind.case === 'tensorType' ? kind.value.elemType : -1;
  if (declared === 0 || dtypeOfNumber(declared) === value.type.dtype) return;
  const name = kind.case === 'tensorType' ? elementTypeName(declared) : 'no tensor';
  throw new ProblemFound(
    'BAD_GRAPH',
    `it is declared as ${name}, but computed as ${value.type.dtype}`,
    'Export the model again.',
  );
}

/** Names of the output values. An output that is an input or has another name inside gets a node of its own. */
function resolveOutputs(state: ImportState, graph: GraphProto, scope: Scope): string[] {
  if (graph.output.length === 0)
    report(state, 'graph', new ProblemFound('BAD_GRAPH', 'it has no outputs', 'Export the model again.'));
  const taken = new Set<string>();
  return graph.output.map((proto) => {
    const { name } = proto;
    try {
      const value = scope.find(name);
      if (name === '' || value === undefined)
        throw new ProblemFound('BAD_GRAPH', 'nothing produces it', 'Export the model again.');
      if (taken.has(name)) throw new ProblemFound('BAD_GRAPH', 'it is listed twice', 'Export the model again.');
      taken.add(name);
      if (value === POISONED) return name;
      if (value.sequence !== undefined)
        throw new ProblemFound(
          'UNSUPPORTED_TYPE',
          'it is a sequence of tensors',
          'Make every tensor an output of its own.',
        );
      checkDeclaredType(proto, value);
      const isInput = value.constant === undefined && graph.input.some((input) => input.name === value.name);
      if (value.name === name && !isInput) return name;
      if (isInput && value.name === name) return name;
      if (value.constant !== undefined) return state.builder.addConstant(name, value.constant).name;
      return state.builder.emit(name, { kind: 'Reshape', shape: value.type.shape }, [value], [name])[0].name;
    } catch (error) {
      report(state, `output ${printName(name)}`, error);
      return name;
    }
  });
}
