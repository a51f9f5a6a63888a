/** From a network to everything a user takes home: C sources, sizes, memory plan, and the linked file when there is a compiler. */
import type { BoardSpec } from '../board-spec.ts';
import { halvedLayers } from '../codegen/cores/halved-layers.ts';
import { type CSources, emitC } from '../codegen/emit/emit-c.ts';
import { programPicture } from '../codegen/emit/program-picture.ts';
import { type ProjectLayout, projectFiles } from '../codegen/emit/project-layout.ts';
import type { SourceFile } from '../codegen/emit/source-file.ts';
import { type LowerOptions, lower } from '../codegen/lower.ts';
import { type PatchedLayers, patchedLayers } from '../codegen/patches/patched-layers.ts';
import { type LayerSize, type PredictedSizes, predictSizes } from '../codegen/predict/predict-sizes.ts';
import { type PredictedLatency, predictLatency } from '../codegen/predict/speed-model.ts';
import type { Program } from '../codegen/program.ts';
import { fuseQuantized } from '../compress/fuse-quantized.ts';
import type { Graph } from '../ir/graph.ts';
import { printGraph } from '../ir/print.ts';
import { foldTables } from '../passes/fold-tables.ts';
import { simplify } from '../passes/simplify.ts';
import { type ArmBuild, buildArm, type LinkedSizes } from './build-arm.ts';

export interface CompileOptions extends LowerOptions {
  /** Folder of the build cache; without it nothing is compiled and `linked` is null. */
  readonly cacheFolder?: string;
  /** Constants as one memory-mapped file with a loader; false when absent. */
  readonly blob?: boolean;
  /** How the sources are laid out; `cmake` when absent. */
  readonly project?: ProjectLayout;
  /** Called with the text of the network as it comes in and after each rewriting that changed it. */
  readonly dump?: (stage: string, text: string) => void;
}

export interface CompiledBuffer {
  readonly id: string;
  readonly offset: number;
  readonly bytes: number;
  /** First and one past the last step at which it is needed. */
  readonly lower: number;
  readonly upper: number;
}

export interface CompileResult {
  readonly board: string;
  readonly format: 'float32' | 'int8' | 'uint8' | 'int4' | 'mixed';
  /** Predicted before compiling; see predict-sizes.ts for what they count. */
  readonly romBytes: number;
  readonly ramBytes: number;
  readonly macs: number;
  readonly flops: number;
  /** Section sizes of the linked file; null when nothing was linked. */
  readonly linked: LinkedSizes | null;
  readonly planner: {
    readonly peak: number;
    readonly lowerBound: number;
    readonly optimal: boolean;
    readonly patches: readonly PatchedLayers[];
  };
  /** Layers that two cores compute together, by their names in the model. */
  readonly halved: readonly string[];
  readonly layers: readonly LayerSize[];
  readonly buffers: readonly CompiledBuffer[];
  readonly files: readonly SourceFile[];
  /** The constants as a file for flash; null when they are C arrays. ROM is predicted for arrays. */
  readonly blob: Uint8Array | null;
  /** The memory plan as SVG: time and addresses. */
  readonly planPicture: string;
  /** ELF file of the network without startup code; null when nothing was linked. */
  readonly firmware: Uint8Array | null;
  /** Compiler version and confinement, or why nothing was linked. */
  readonly toolchain: string;
  readonly predicted: PredictedSizes;
  /** Modelled before compiling, memory without waits; see speed-model.ts. */
  readonly latency: PredictedLatency;
  readonly program: Program;
}

/** Throws UnsupportedNodesError naming every node without a kernel; BuildError when the compiler refuses. */
export async function compileModel(
  graph: Graph,
  board: BoardSpec,
  options: CompileOptions = {},
): Promise<CompileResult> {
  const fused = rewrite(graph, options.dump);
  const program = lower(fused, board, options);
  const sources = emitC(program, { blob: options.blob ?? false });
  const predicted = predictSizes(program, board, { blob: options.blob ?? false });
  const build = await link(program, board, sources, options.cacheFolder);
  const built = build !== undefined && build.kind === 'built' ? build : undefined;
  const { peakBytes, lowerBoundBytes, optimal } = program.memory;
  return {
    board: board.name,
    format: formatOf(fused),
    romBytes: predicted.romBytes,
    ramBytes: predicted.ramBytes,
    macs: predicted.macs,
    flops: predicted.flops,
    linked: built?.linked ?? null,
    planner: { peak: peakBytes, lowerBound: lowerBoundBytes, optimal, patches: patchedLayers(program) },
    halved: halvedLayers(program),
    layers: predicted.layers,
    buffers: program.placed,
    files: projectFiles(program, sources, options.project ?? 'cmake'),
    blob: sources.blob ?? null,
    planPicture: programPicture(program),
    firmware: built?.elf ?? null,
    toolchain: describeToolchain(build),
    predicted,
    latency: predictLatency(program, board),
    program,
  };
}

/** Integer operators out of quantized patterns first: folding constants would take them apart. */
function rewrite(graph: Graph, dump: CompileOptions['dump']): Graph {
  dump?.('input', printGraph(graph));
  const fused = fuseQuantized(graph);
  dump?.('fuse-quantized', printGraph(fused));
  const simple = simplify(
    fused,
    dump === undefined ? {} : { dump: (stage, text) => stage !== 'input' && dump(stage, text) },
  );
  const tabled = foldTables.run(simple);
  if (tabled !== simple) dump?.(foldTables.name, printGraph(tabled));
  return tabled;
}

async function link(
  program: Program,
  board: BoardSpec,
  sources: CSources,
  folder: string | undefined,
): Promise<ArmBuild | undefined> {
  if (folder === undefined || board.core === 'host') return undefined;
  return buildArm(program, board, folder, sources);
}

function describeToolchain(build: ArmBuild | undefined): string {
  if (build === undefined) return 'not linked';
  if (build.kind === 'missing') return `${build.missing} is missing: ${build.hint}`;
  return `${build.compiler}; ${build.sandbox}`;
}

/** The number format of the weighted layers. */
function formatOf(graph: Graph): CompileResult['format'] {
  const formats = new Set<'float32' | 'int8' | 'uint8' | 'int4'>();
  for (const node of graph.nodes) {
    const weights = { Conv: 1, Gemm: 1, MatMul: 1, QLinearConv: 3, QGemm: 3, QLinearMatMul: 3 }[node.op.kind as string];
    if (weights === undefined) continue;
    const dtype = graph.initializers.get(node.inputs[weights] ?? '')?.dtype;
    if (dtype === 'uint8' || dtype === 'int8' || dtype === 'int4') formats.add(dtype);
    else formats.add('float32');
  }
  const [only, ...others] = formats;
  return only === undefined ? 'float32' : others.length > 0 ? 'mixed' : only;
}
