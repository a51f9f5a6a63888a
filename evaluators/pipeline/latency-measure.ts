/**
 * Modelled latency as a pruning target. Fitting widths looks at hundreds of candidates and a virtual board takes a second for each, so the
 * cycles of every layer are taken as linear in its work between a few networks that ran: the whole one, and those with a half, a
 * fifth and one of all structures. What the fit chose is then run itself (`simulate`), and fitted again where the line was wrong.
 */
import type { BoardSpec } from '../board-spec.ts';
import { lower } from '../codegen/lower.ts';
import type { Layer } from '../codegen/program.ts';
import { prunableLayers } from '../compress/dependencies/dependency-groups.ts';
import type { Measure } from '../compress/group-widths.ts';
import { pruneStructured } from '../compress/prune-structured.ts';
import type { QuantizePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import { deployedForm } from './size-measures.ts';
import { runOnVirtualBoard } from './virtual-board.ts';

export interface LatencyMeasure {
  /** From lines through the runs: fast. */
  readonly measure: Measure;
  /** From a run of its own: exact, about a second; the lines go through it from then on. */
  readonly simulate: (graph: Graph) => Promise<number>;
}

/** Shares of all structures that the networks keep whose layers are timed. */
const SHARES = [1, 0.5, 0.2, 0];

interface Point {
  readonly work: number;
  readonly cycles: number;
}

/** What a layer's time grows with. */
function workOf({ macs, flops }: Layer): number {
  return macs > 0 ? macs : flops;
}

export interface LatencyRequest {
  /** Networks whose layers are timed: the one to prune, and the uncompressed one that shares are of. */
  readonly graphs: readonly Graph[];
  /** The network as it is compiled in the end: times depend on activation ranges. */
  readonly deploy: (graph: Graph) => Promise<Graph>;
  /** The bytes of some inputs: times depend on values, too. */
  readonly inputs: readonly Uint8Array[];
  readonly plan: QuantizePlan | undefined;
  readonly board: BoardSpec;
  readonly buildFolder: string;
}

/** Throws NoVirtualBoardError without the compiler, BuildError when the network does not fit the board. */
export async function latencyMeasure(request: LatencyRequest): Promise<LatencyMeasure> {
  const { graphs, plan, board } = request;
  const points = new Map<string, Point[]>();
  const run = async (graph: Graph) => {
    const program = lower(await request.deploy(graph), board, { patches: 'whenNeeded' });
    const inputs = request.inputs.map((bytes) => [bytes]);
    const { inferences, layers } = await runOnVirtualBoard(program, board, inputs, request.buildFolder);
    const sorted = inferences.map(({ cycles }) => cycles).sort((a, b) => a - b);
    return { program, layers, cycles: (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2 };
  };
  const inUs = (cycles: number): number => (cycles / board.clockHz) * 1e6;
  let around = 0;
  const known = new Map<Graph, number>();
  const time = async (graph: Graph): Promise<number> => {
    const { program, layers, cycles } = await run(graph);
    const perLayer = new Map<string, number>();
    for (const { id, cycles: own } of layers) {
      perLayer.set(id, (perLayer.get(id) ?? 0) + own);
    }
    for (const layer of program.layers) {
      const list = points.get(layer.name) ?? [];
      list.push({ work: workOf(layer), cycles: perLayer.get(layer.id) ?? 0 });
      points.set(layer.name, list);
    }
    around = cycles - [...perLayer.values()].reduce((a, b) => a + b, 0);
    known.set(graph, inUs(cycles));
    return inUs(cycles);
  };
  for (const graph of graphs.flatMap(narrower)) await time(graph);
  return {
    measure: (graph) => {
      const ran = known.get(graph);
      if (ran !== undefined) return ran;
      const { layers } = lower(deployedForm(graph, plan), board, { patches: 'none' });
      return inUs(layers.reduce((sum, layer) => sum + interpolate(points.get(layer.name), workOf(layer)), around));
    },
    simulate: time,
  };
}

function narrower(graph: Graph): Graph[] {
  return SHARES.map((share) => {
    if (share === 1) return graph;
    const layers = Object.fromEntries(
      prunableLayers(graph).map(({ name, structures }) => [
        name,
        { keep: Math.max(1, Math.round(structures * share)) },
      ]),
    );
    return pruneStructured(graph, { granularity: 'structured', heuristic: 'l1', layers }).graph;
  });
}

/** Points nearer than this share of the work say nothing about the slope. */
const APART = 0.1;

/** On the line through the nearest point and the nearest one apart from it; 0 for a layer that never ran. */
function interpolate(points: readonly Point[] | undefined, work: number): number {
  const [a, ...others] = (points ?? []).toSorted((x, y) => Math.abs(x.work - work) - Math.abs(y.work - work));
  if (a === undefined) return 0;
  const b = others.find((point) => Math.abs(point.work - a.work) > APART * a.work);
  if (b === undefined) return a.work > 0 ? (a.cycles * work) / a.work : a.cycles;
  return Math.max(0, a.cycles + ((b.cycles - a.cycles) / (b.work - a.work)) * (work - a.work));
}
