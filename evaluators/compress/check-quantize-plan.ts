/** Refuses quantization plans that cannot be carried out, with the reason. */
import type { CompressionPlan, NumberFormat, QuantizePlan } from '../compression-plan.ts';
import type { Graph } from '../ir/graph.ts';
import { CompressionError } from './compression-error.ts';
import { unknownLayer, wholeLayer } from './layer-names.ts';
import { hasIntegerKernel } from './quantization/quantize-graph.ts';

const INTEGER_FORMATS: ReadonlySet<NumberFormat> = new Set<NumberFormat>(['int8', 'uint8', 'int4']);

/** Every format that a layer of the plan has. */
function formatsOf(plan: QuantizePlan): NumberFormat[] {
  return [plan.format, ...Object.values(plan.layers ?? {})];
}

/** Whether any layer of the plan computes in integers. */
export function usesIntegers(plan: QuantizePlan): boolean {
  return formatsOf(plan).some((format) => INTEGER_FORMATS.has(format));
}

export function isFloatPlan(plan: QuantizePlan): boolean {
  return formatsOf(plan).every((format) => format === 'float32');
}

function refuse(message: string): never {
  throw new CompressionError('BAD_PLAN', message);
}

/** Layers with a format of their own have to be there, and to have an integer kernel when they shall compute in integers. */
function checkLayers(
  graph: Graph,
  layers: Readonly<Record<string, NumberFormat>>,
  changed: CompressionPlan['restructure'],
): void {
  for (const [name, format] of Object.entries(layers)) {
    const node = graph.nodes.find((each) => each.name === name);
    if (node === undefined) {
      // A part of a layer that is still to be changed: it is looked for again when it could be there.
      if (changed?.[wholeLayer(name)] !== undefined) continue;
      const names = graph.nodes.map((each) => each.name);
      throw unknownLayer('quantize.layers', name, names);
    }
    if (INTEGER_FORMATS.has(format) && !hasIntegerKernel(graph, node)) {
      refuse(
        `quantize.layers asks for ${format} in "${name}", but ${node.op.kind} has no integer kernel here; use float32`,
      );
    }
  }
}

/** Refuses before anything is trained. Throws CompressionError BAD_PLAN or UNKNOWN_LAYER. */
export function checkQuantizePlan(graph: Graph, { quantize, finetune, restructure }: CompressionPlan): void {
  if (quantize === undefined) return;
  checkLayers(graph, quantize.layers ?? {}, restructure);
  const integer = usesIntegers(quantize);
  const formats = new Set(formatsOf(quantize));
  if (!integer && quantize.fallback === 'none') {
    refuse(
      `quantize.fallback "none" asks for integers only, but ${[...formats].join(' and ')} layers compute in float`,
    );
  }
  if (quantize.mode !== 'qat') {
    if (quantize.learnSteps === true)
      refuse('quantize.learnSteps needs quantize.mode "qat": steps are learned in training');
    return;
  }
  if (!integer) refuse(`quantize.mode "qat" trains for integer grids; ${quantize.format} has none, use "ptq"`);
  if (finetune === undefined || finetune.epochs <= 0) refuse('quantize.mode "qat" needs finetune with epochs above 0');
}
