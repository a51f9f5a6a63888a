/**
 * From a graph to a program: each node becomes kernel calls, values get layouts and buffers, buffers get offsets. Weights are
 * packed only when their data is asked for, so lowering a network to learn its sizes takes milliseconds.
 */
import type { BoardSpec } from '../board-spec.ts';
import { expandConstants } from '../compress/expand-constants.ts';
import type { OptimizeGoal } from '../compression-plan.ts';
import { nodeFlops, nodeMacs } from '../ir/cost.ts';
import type { Graph, Node } from '../ir/graph.ts';
import { elementCount } from '../ir/tensor.ts';
import { foldTables } from '../passes/fold-tables.ts';
import { reorder } from '../passes/reorder.ts';
import { assignMemory, joinBanks } from './assign-memory.ts';
import { LoweringError, type UnsupportedNode, UnsupportedNodesError } from './codegen-error.ts';
import { checkCores, useBothCores } from './cores/use-cores.ts';
import { doublesInFloat } from './doubles-in-float.ts';
import { elementBytes, elementType } from './element-type.ts';
import { type KernelSet, kernelSetOf } from './kernels/kernel-set.ts';
import { plainLayout } from './layout.ts';
import { copyStep } from './lower/copy.ts';
import { lowerNode } from './lower/lower-node.ts';
import { Lowering, type WeightForm } from './lowering.ts';
import {
  applyPatches,
  type PatchCandidate,
  type PatchOption,
  type PatchRequest,
  type Ports,
  patchCandidates,
} from './patches/choose-patches.ts';
import { placedInRam } from './place-in-ram.ts';
import { predictSizes } from './predict/predict-sizes.ts';
import { predictLatency } from './predict/speed-model.ts';
import type { Port, Program, ProgramConstant, Unplaced } from './program.ts';

export interface LowerOptions {
  /** Prefix of the two functions and of the files: a C identifier in lower case, `net` when absent. */
  readonly prefix?: string;
  /** How weights are stored; `auto` when absent. */
  readonly weights?: WeightForm;
  /** Which kernels to call; those of the board's core when absent. */
  readonly kernels?: KernelSet;
  /** What matters most; `balanced` when absent. */
  readonly optimize?: OptimizeGoal;
  /** Layers that run in patches of rows; `auto` as for `ram`; `whenNeeded` only where the board has too little
   * RAM otherwise; when absent, `optimize` decides: none for `speed`. */
  readonly patches?: 'none' | 'whenNeeded' | 'auto' | PatchRequest;
  /** Cores that compute heavy layers together, 1 when absent; no more than the board has. */
  readonly cores?: number;
}

/** Cycles that patches may take for `ram`, relative to none. */
const CYCLES_FOR_RAM = 1.1;

/** For `balanced` hardly any, where much of the board's RAM is in use and a good part of that is saved. */
const CYCLES_BY_DEFAULT = 1.01;
const ROOMY_SHARE = 1 / 8;
const SAVED_BY_DEFAULT = 1 / 20;

/** Cycles that encoding weights may cost with `auto`, relative to none: each tensor may take its share of bytes of it. */
const CYCLES_FOR_ROM = 0.03;

/** Share of its usual working memory that a kernel with a choice takes for `ram`. */
const WORKING_SHARE_FOR_RAM = 0.25;

const COPY_OUT: Node = { name: '', op: { kind: 'Reshape', shape: [] }, inputs: [], outputs: [] };

interface Choices extends Omit<LowerOptions, 'patches'> {
  readonly patches: PatchOption;
  /** Cycles that a byte of weights may cost for being encoded with `auto`. */
  readonly cyclesPerByte?: number;
  /** False: no layer is computed in parts. */
  readonly inParts?: boolean;
}

/** Throws UnsupportedNodesError naming every node that has no kernel, RangeError on a bad prefix, impossible patches or cores. */
export function lower(graph: Graph, board: BoardSpec, options: LowerOptions = {}): Program {
  checkCores(board, options.cores ?? 1);
  const program = lowerFitting(foldTables.run(graph), board, options);
  return options.optimize === 'speed' ? placedInRam(program, board) : program;
}

function lowerFitting(graph: Graph, board: BoardSpec, options: LowerOptions): Program {
  const choices = choicesOf(options, board);
  const program = lowerForFlash(graph, board, choices);
  const fits = ({ arenaBytes, fitsBanks }: Program) => fitsBanks && arenaBytes <= board.ramBytes;
  if (fits(program)) return program;
  // Halves of a layer hold their working memory at once.
  if ((options.cores ?? 1) > 1) return lowerFitting(graph, board, { ...options, cores: 1 });
  const attempts: Choices[] = [];
  if (options.kernels === undefined && (options.weights ?? 'auto') === 'auto') {
    // Encoded layers read their whole input until the end and share no place with it.
    attempts.push({ ...choices, weights: 'dense' });
  }
  const [bank] = joinBanks(board.ramBanks ?? []);
  const patches = { mostCycles: Number.POSITIVE_INFINITY, enoughBytes: bank?.bytes ?? board.ramBytes };
  const mayPatch = (options.patches ?? 'whenNeeded') === 'whenNeeded' && options.optimize !== 'speed';
  if (mayPatch) attempts.push({ ...choices, patches });
  attempts.push({ ...choices, inParts: false });
  // Fast kernels take working memory: a slow network that fits is of more use than a fast one that does not.
  if (options.kernels === undefined) {
    attempts.push({ ...choices, kernels: 'reference' });
    if (mayPatch) attempts.push({ ...choices, kernels: 'reference', patches });
  }
  let last = program;
  for (const attempt of attempts) {
    const other = lowerReordered(graph, board, attempt);
    if (fits(other)) return other;
    last = better(last, other);
  }
  return last;
}

/** `auto` gives up cycles for bytes where the flash is too small otherwise. */
function lowerForFlash(graph: Graph, board: BoardSpec, choices: Choices): Program {
  const program = lowerReordered(graph, board, choices);
  const { weights = 'auto' } = choices;
  if (weights !== 'auto' || predictSizes(program).romBytes <= board.flashBytes) return program;
  return lowerReordered(graph, board, { ...choices, weights: 'small' });
}

function choicesOf(options: LowerOptions, board: BoardSpec): Choices {
  const { optimize = 'balanced', weights = optimize === 'speed' ? 'fast' : 'auto' } = options;
  return { ...options, optimize, weights, patches: patchesOf(options, optimize, board) };
}

function patchesOf({ patches, cores = 1 }: LowerOptions, optimize: OptimizeGoal, board: BoardSpec): PatchOption {
  if (patches === 'auto' || (patches === undefined && optimize === 'ram')) return { mostCycles: CYCLES_FOR_RAM };
  if (patches !== undefined) return patches === 'whenNeeded' ? 'none' : patches;
  // Layers in patches stay on one core.
  if (optimize === 'speed' || cores > 1) return 'none';
  return { mostCycles: CYCLES_BY_DEFAULT, enoughBytes: board.ramBytes * ROOMY_SHARE, leastSaved: SAVED_BY_DEFAULT };
}

/** In the order of the file or in the one with the smallest peak, whichever takes less memory once results share places. */
function lowerReordered(graph: Graph, board: BoardSpec, options: Choices): Program {
  const program = lowerOrdered(graph, board, options);
  const ordered = reorder.run(graph);
  if (ordered === graph) return program;
  const other = lowerOrdered(ordered, board, options);
  return better(program, other);
}

/** Operators that may be computed in parts. */
const IN_PARTS: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'QLinearConv']);

/** Layers in parts are faster and may take more memory: for `ram` they are left whole then, unless that takes too long. */
function lowerOrdered(graph: Graph, board: BoardSpec, options: Choices): Program {
  const program = lowerSmallest(graph, board, options);
  const parted = program.steps.some(
    ({ kernel, layer }) => kernel === 'dnnrt_copy_runs' && IN_PARTS.has(program.layers[layer].op),
  );
  if (options.optimize !== 'ram' || !parted) return program;
  const other = lowerSmallest(graph, board, { ...options, inParts: false });
  return predictLatency(other).cycles > CYCLES_FOR_RAM * predictLatency(program).cycles
    ? program
    : better(program, other);
}

/** The one that finds room in the banks, or takes less. */
function better(a: Program, b: Program): Program {
  if (a.fitsBanks !== b.fitsBanks) return a.fitsBanks ? a : b;
  return b.arenaBytes < a.arenaBytes ? b : a;
}

function lowerSmallest(graph: Graph, board: BoardSpec, options: Choices): Program {
  const program = lowerAs(graph, board, options);
  const form = options.weights ?? 'auto';
  const chosen = form === 'auto' || form === 'small' || form === 'smallest' || form === 'fast';
  if (!chosen || !hasEncodedWeights(program)) return program;
  // Each tensor gains by its encoding, but the decoders are code: in a small network they may weigh more than they save.
  const plain = lowerAs(graph, board, { ...options, weights: 'dense' });
  const encoded = form === 'auto' ? lowerAs(graph, board, { ...options, cyclesPerByte: roomOf(plain) }) : program;
  return predictSizes(plain).romBytes <= predictSizes(encoded).romBytes ? plain : encoded;
}

function roomOf(plain: Program): number {
  const bytes = plain.constants.reduce((sum, constant) => sum + constant.bytes, 0);
  return (CYCLES_FOR_ROM * predictLatency(plain).cycles) / Math.max(1, bytes);
}

function hasEncodedWeights(program: Program): boolean {
  return program.constants.some(({ encoding }) => encoding !== 'dense');
}

/**
 * Halves behind a Cast, shared values behind a Gather, quantized weights of float operators: the weights they stand for are encoded again when they are stored, and are
 * never unpacked into RAM as a whole.
 */
function storedForms({ nodes }: Graph): (node: Node) => boolean {
  const weights = new Set(nodes.flatMap(({ op, inputs }) => (WEIGHTED.has(op.kind) ? inputs.slice(1, 3) : [])));
  return ({ op, outputs }) =>
    op.kind === 'Cast' || op.kind === 'Gather' || (op.kind === 'DequantizeLinear' && weights.has(outputs[0]));
}

/** Operators with weights and bias as second and third operand. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul']);

/** Calls over buffers, before anything has a place. */
interface Calls {
  readonly network: Unplaced;
  readonly ports: Ports;
  readonly constants: readonly ProgramConstant[];
}

function callsOf(source: Graph, board: BoardSpec, options: Choices): Calls {
  const graph = doublesInFloat(expandConstants(source, storedForms(source)));
  const kernels = options.kernels ?? kernelSetOf(board.core);
  const workingBoard = { ...board, ramBytes: board.ramBytes * WORKING_SHARE_FOR_RAM };
  const lowering = new Lowering(
    graph,
    options.optimize === 'ram' ? workingBoard : board,
    kernels,
    options.weights,
    options.cyclesPerByte,
    options.inParts,
  );
  const inputs = graph.inputs.map((info, index) => {
    const buffer = lowering.addBuffer(`in${index}`, elementType(info.dtype), elementCount(info.shape));
    lowering.setValue({ ...info, layout: plainLayout(info.shape), shifted: false, buffer });
    return port(`in${index}`, info, buffer);
  });
  lowerNodes(lowering);
  // A graph that only hands out inputs and constants still copies them: in a layer of its own.
  if (graph.nodes.length === 0) lowering.startLayer(COPY_OUT, { macs: 0, flops: 0 });
  const outputs = graph.outputs.map((name, index) => lowerOutput(lowering, name, index));
  const { steps, layers, buffers, constants } = lowering;
  return {
    network: { steps, layers, buffers, loops: [] },
    ports: { inputs, outputs, core: board.core },
    constants: [...constants.values()],
  };
}

function lowerAs(source: Graph, board: BoardSpec, options: Choices): Program {
  const prefix = options.prefix ?? 'net';
  if (!/^[a-z][a-z0-9_]{0,30}$/.test(prefix)) {
    throw new RangeError(`prefix ${JSON.stringify(prefix)} is not a lower-case C identifier of at most 31 characters`);
  }
  const { network: whole, ports, constants } = callsOf(source, board, options);
  const { inputs, outputs } = ports;
  const patched = applyPatches(whole, ports, options.patches);
  const keepsMemory = options.optimize === 'ram';
  const network =
    (options.cores ?? 1) === 1 ? patched : useBothCores(patched, { board, inputs, outputs, constants, keepsMemory });
  const assigned = assignMemory(network, inputs, outputs, board.ramBanks);
  return {
    prefix,
    board,
    steps: network.steps,
    layers: network.layers,
    buffers: [...network.buffers.values()],
    loops: network.loops,
    constants,
    inputs,
    outputs,
    ...assigned,
  };
}

/** What the first layers in patches would need, the network without patches first. */
export function patchCandidatesOf(graph: Graph, board: BoardSpec, options: LowerOptions = {}): PatchCandidate[] {
  const { network, ports } = callsOf(foldTables.run(graph), board, choicesOf({ ...options, patches: 'none' }, board));
  return patchCandidates(network, ports);
}

function port(
  id: string,
  info: { name: string; dtype: Port['dtype']; shape: readonly number[] },
  buffer: string,
): Port {
  const type = elementType(info.dtype);
  const elements = elementCount(info.shape);
  return {
    id,
    name: info.name,
    dtype: info.dtype,
    shape: info.shape,
    type,
    elements,
    bytes: elements * elementBytes(type),
    buffer,
  };
}

function lowerNodes(lowering: Lowering): void {
  const unsupported: UnsupportedNode[] = [];
  const unknown = new Set<string>();
  for (const node of lowering.graph.nodes) {
    // Values of a node that failed are missing: nodes behind it would only repeat its fault.
    if (node.inputs.some((name) => unknown.has(name))) {
      for (const name of node.outputs) unknown.add(name);
      continue;
    }
    const reason = tryLower(lowering, node);
    if (reason === undefined) continue;
    unsupported.push({ node: node.name, op: node.op.kind, reason });
    for (const name of node.outputs) unknown.add(name);
  }
  if (unsupported.length > 0) throw new UnsupportedNodesError(unsupported);
}

function tryLower(lowering: Lowering, node: Node): string | undefined {
  try {
    const { graph } = lowering;
    lowering.startLayer(node, { macs: nodeMacs(graph, node), flops: nodeFlops(graph, node) });
    lowerNode(lowering, node);
    return undefined;
  } catch (error) {
    if (error instanceof LoweringError) return error.message;
    throw error;
  }
}

/** Brings a result into ONNX order and its own type; a constant is copied into a buffer. */
function lowerOutput(lowering: Lowering, name: string, index: number): Port {
  const value = lowering.plain(lowering.unshifted(lowering.value(name)));
  const info = { name, dtype: value.dtype, shape: value.shape };
  if (value.buffer !== undefined) return port(`out${index}`, info, value.buffer);
  const count = elementCount(value.shape);
  const type = lowering.storedType(value);
  const buffer = lowering.addBuffer(`c${index}`, type, count);
  if (count > 0) {
    lowering.call({
      ...copyStep(type, [{ size: count, xStride: 1, yStride: 1 }]),
      args: [lowering.argument(value), { kind: 'buffer', id: buffer, type }],
      reads: [],
      writes: [buffer],
    });
  }
  return port(`out${index}`, info, buffer);
}
