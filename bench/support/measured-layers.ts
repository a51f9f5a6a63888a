/** Random layers run on a virtual core: what the speed model is fitted to and judged by. */
import {
  type BoardSpec,
  type Graph,
  type LowerOptions,
  lower,
  type Program,
  type Tensor,
} from '@tinypareto/evaluators';
import { runBatchOnCore } from './batch-on-core.ts';
import { fillInput } from './input-fill.ts';
import { LAYER_FAMILIES, randomLayer } from './layer-shapes.ts';

export interface MeasuredLayer {
  readonly family: string;
  readonly program: Program;
  /** One inference. */
  readonly cycles: number;
  /** Cycles of each kernel call. */
  readonly steps: readonly number[];
}

/** Families whose kernels have many loops get all layers, the others a third. */
const MANY_LOOPS = /^(conv|depthwise|dense)/;

/** Families that cores have kernels of their own for; the plain ones still serve what those do not take. */
const ALSO_PLAIN = /^(conv|depthwise|dense)_s8$/;

/** The layer with weights of 4 bits, which some cores have a kernel for. */
function inNibbles(graph: Graph): Graph {
  const name = graph.nodes[0]?.inputs[3] ?? '';
  const weights = graph.initializers.get(name);
  if (weights?.dtype !== 'int8') return graph;
  const data = (weights.data as Int8Array).map((w) => w >> 4);
  return { ...graph, initializers: new Map([...graph.initializers, [name, { ...weights, data } as Tensor]]) };
}

/** `layers` layers of each family, seeds from `firstSeed`; a third of them once more with the plain kernels, convolutions also with weights of 4 bits. */
export async function measureLayers(
  spec: BoardSpec,
  layers: number,
  firstSeed: number,
  families: readonly string[] = Object.keys(LAYER_FAMILIES),
): Promise<MeasuredLayer[]> {
  const third = Math.ceil(layers / 3);
  const drawn = families.flatMap((family) => {
    const of = (count: number, options: LowerOptions) =>
      Array.from({ length: count }, (_, index) => ({ family, graph: randomLayer(family, firstSeed + index), options }));
    const own = of(MANY_LOOPS.test(family) ? layers : third, {});
    // One coding everywhere: sizes do not decide.
    const nibbles =
      family === 'conv_s8' && spec.core === 'cortex-m0plus'
        ? of(layers, { weights: 'all' }).map((layer) => ({ ...layer, graph: inNibbles(layer.graph) }))
        : [];
    return [...own, ...nibbles, ...(ALSO_PLAIN.test(family) ? of(third, { kernels: 'reference' }) : [])];
  });
  const roomy = { ...spec, flashBytes: 16 << 20, ramBytes: 4 << 20 };
  const programs = drawn.map(({ graph, options }, index) => lower(graph, roomy, { ...options, prefix: `n${index}` }));
  const runs = await runBatchOnCore(programs, spec, ({ inputs }, index) => fillInput(inputs, index));
  return runs.map(({ cycles, steps }, index) => {
    const [program, draw] = [programs[index], drawn[index]];
    if (program === undefined || draw === undefined) throw new Error('more runs than layers');
    return { family: draw.family, program, cycles, steps };
  });
}
