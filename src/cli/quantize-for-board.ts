/** Quantizes a float network for compilation, with ranges from calibration samples. */
import type { Graph, Tensor } from '@tinypareto/evaluators';
import { createRng } from '@tinypareto/optimizer';
import { UserError } from '../errors.ts';
import { naming } from '../runner/input-errors.ts';

export const FORMATS = ['float32', 'int8', 'uint8'] as const;
export type CompileFormat = (typeof FORMATS)[number];

interface Calibration {
  readonly file: string;
  /** [N, …]: N samples for the network's one input. */
  readonly samples: Tensor;
}

/**
 * Without calibration the ranges come from noise: sizes and speed are right, accuracy is not. Throws UserError when the network is quantized
 * already, or the samples do not fit its input.
 */
export async function quantizeForBoard(
  graph: Graph,
  format: Exclude<CompileFormat, 'float32'>,
  calibration: Calibration | undefined,
  file: string,
): Promise<Graph> {
  const { calibrate, elementCount, quantize, simplify } = await import('@tinypareto/evaluators');
  if (graph.nodes.some(({ op }) => /^QLinear|^QGemm|^QuantizeLinear/.test(op.kind))) {
    throw new UserError({
      code: 'ALREADY_QUANTIZED',
      message: 'the model is quantized already',
      where: file,
      hint: 'leave --format away to compile it as it is',
    });
  }
  const [input] = graph.inputs;
  const samples = calibration?.samples ?? syntheticSamples(input?.shape ?? []);
  const width = input === undefined ? 0 : elementCount(input.shape);
  const count = width === 0 ? 0 : samples.data.length / width;
  if (graph.inputs.length !== 1 || samples.dtype !== 'float32' || !Number.isInteger(count) || count < 1) {
    throw new UserError({
      code: 'WRONG_SHAPE',
      message: `calibration samples must be float32 [N, ${input?.shape.slice(1).join(', ')}], got ${samples.dtype} [${samples.shape.join(', ')}]`,
      where: calibration?.file ?? file,
      hint: 'save them with numpy.save as one float32 array',
    });
  }
  const data = samples.data;
  return naming(file, () => {
    const network = simplify(graph);
    const ranges = calibrate(network, {
      count,
      write: (index, out, at) => {
        for (let i = 0; i < width; i++) out[at + i] = Number(data[index * width + i]);
      },
    });
    return quantize(network, ranges, { format, granularity: format === 'int8' ? 'channel' : 'tensor' });
  });
}

const SYNTHETIC_SAMPLES = 16;

/** Uniform noise in -1…1. */
function syntheticSamples(shape: readonly number[]): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const rng = createRng(1, 0, 'synthetic-calibration');
  const data = Float32Array.from({ length: SYNTHETIC_SAMPLES * size }, () => 2 * rng.nextFloat() - 1);
  return { dtype: 'float32', shape: [SYNTHETIC_SAMPLES, ...shape.slice(1)], data };
}
