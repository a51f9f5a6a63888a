/** Random layers run on a virtual core: what the speed model is fitted to and judged by. */
import { type BoardSpec, type Graph, type LowerOptions, lower, type Program } from '@tinypareto/evaluators';
import { runBatchOnCore } from './batch-on-core.ts';
import { fillInput } from './input-fill.ts';
import { LAYER_FAMILIES, randomLayer } from './layer-shapes.ts';
import { inNibbles, inSparse, inUnsigned } from './layer-variants.ts';

export interface MeasuredLayer {
  readonly family: string;
  readonly program: Program;
  /** One inference. */
  readonly cycles: number;
  /** Cycles of each kernel call. */
  readonly steps: readonly number[];
  /** Words of data that each call reads from flash. */
  readonly stepWords: readonly number[];
}

/** Families with weights. */
const WEIGHTED = /^(conv|depthwise|dense)/;

/** Families whose kernels have many loops, or several ways, get all layers, the others a third. */
const MANY_LOOPS = /^(conv|depthwise|dense|global|average|matmul)/;

/** Families with weights in 8 bits: cores have kernels of their own for them, and plain ones serve what those do not take. */
const WITH_INTEGERS = /^(conv|depthwise|dense)_s8$/;

interface Drawn {
  readonly family: string;
  readonly graph: Graph;
  readonly options: LowerOptions;
}

const CODINGS = ['bitmap', 'crs8', 'crs16', 'delta4'] as const;

/** Weights of which two bytes each are too many for the kernel that takes zero points. */
const MANY_WEIGHTS = 2048;

/** The next layer of a family whose weights are as wanted, of which few random layers are. */
function layerWith(family: string, seed: number, wanted: (shape: readonly number[]) => boolean): Graph {
  for (let at = seed; ; at += 10_000) {
    const graph = randomLayer(family, at);
    if (wanted(graph.initializers.get('w')?.shape ?? [])) return graph;
  }
}

/** A layer of a family in the formats that take kernels of their own. */
function drawn(family: string, index: number, seed: number, third: number, core: string): Drawn[] {
  const layer = (): Graph => randomLayer(family, seed);
  // Only weights of 4 bits have a kernel for them, on one core.
  if (family === 'conv_pairs_s8')
    return core !== 'cortex-m0plus'
      ? []
      : [{ family: 'conv_pairs_s4', graph: inNibbles(layer()), options: { weights: 'all' } }];
  const made: Drawn[] = [{ family, graph: layer(), options: {} }];
  if (!WEIGHTED.test(family)) return MANY_LOOPS.test(family) || index < third ? made : [];
  const integers = WITH_INTEGERS.test(family);
  if (integers && index < 2 * third) made.push({ family, graph: layer(), options: { kernels: 'reference' } });
  const coding = CODINGS[index % CODINGS.length] ?? 'bitmap';
  if (index < 2 * third) {
    const graph = inSparse(layer(), 0.5 + 0.15 * (index % 4), seed);
    made.push({ family: `sparse_${family}`, graph, options: { weights: coding } });
  }
  if (integers) {
    const graph = inUnsigned(layer(), ((index * 7) % 41) - 20);
    made.push({ family: family.replace('_s8', '_u8'), graph, options: {} });
  }
  if (family === 'conv_s8' && core === 'cortex-m4f' && index < 2 * third) {
    const many = layerWith(family, seed, (shape) => shape.reduce((product, size) => product * size, 1) > MANY_WEIGHTS);
    made.push({ family: 'conv_u8', graph: inUnsigned(many, ((index * 11) % 37) - 18), options: {} });
  }
  if (family === 'depthwise_s8' && core === 'cortex-m4f') {
    const odd = layerWith(family, seed, ([, , height, width]) => height !== 3 || width !== 3);
    made.push({ family, graph: odd, options: {} });
  }
  // One coding everywhere: sizes do not decide.
  const many = family === 'conv_s8' && core === 'cortex-m0plus';
  if (many || (/^(conv|dense)_s8$/.test(family) && index < third))
    made.push({ family: family.replace('s8', 's4'), graph: inNibbles(layer()), options: { weights: 'all' } });
  return made;
}

/** `layers` layers of each family, seeds from `firstSeed`, those with weights also in other formats and with the plain kernels. */
export async function measureLayers(
  spec: BoardSpec,
  layers: number,
  firstSeed: number,
  families: readonly string[] = Object.keys(LAYER_FAMILIES),
): Promise<MeasuredLayer[]> {
  const third = Math.ceil(layers / 3);
  const all = families.flatMap((family) =>
    Array.from({ length: layers }, (_, index) => drawn(family, index, firstSeed + index, third, spec.core)).flat(),
  );
  const roomy = { ...spec, flashBytes: 16 << 20, ramBytes: 4 << 20 };
  const programs = all.map(({ graph, options }, index) => lower(graph, roomy, { ...options, prefix: `n${index}` }));
  const runs = await runBatchOnCore(programs, spec, ({ inputs }, index) => fillInput(inputs, index));
  return runs.map(({ cycles, steps, stepWords }, index) => {
    const [program, draw] = [programs[index], all[index]];
    if (program === undefined || draw === undefined) throw new Error('more runs than layers');
    return { family: draw.family, program, cycles, steps, stepWords };
  });
}
