/** Random layers run on a virtual core: what the speed model is fitted to and judged by. */
import { type BoardSpec, type LowerOptions, lower, type Program } from '@tinypareto/evaluators';
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

/** `layers` layers of each family, seeds from `firstSeed`; a third of them once more with the plain kernels. */
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
    return ALSO_PLAIN.test(family) ? [...own, ...of(third, { kernels: 'reference' })] : own;
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
