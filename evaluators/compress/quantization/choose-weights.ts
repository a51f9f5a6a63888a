/**
 * Integer weights of every layer of a plan, before the graph is rewritten: the grid (for int4 the clipping with the least squared error),
 * the rounding (nearest, or compensated), and the correction of each bias for what the rounding shifts on average.
 */

import type { NumberFormat, QuantizePlan } from '../../compression-plan.ts';
import type { Graph, Node } from '../../ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../ir/tensor.ts';
import { settingOf } from '../layer-names.ts';
import { errorSpread, roundRow } from './adaptive-rounding.ts';
import type { SampleSource } from './float-inference.ts';
import { type LayerInputs, layerInputs } from './layer-inputs.ts';
import { hasIntegerKernel, structureAxis } from './quantize-graph.ts';
import {
  type QuantizedWeight,
  structureIndexer,
  type WeightFormat,
  type WeightGrid,
  weightGrid,
  weightOnGrid,
} from './weight-quantizer.ts';

/** Layers with more weights per output spread errors within blocks: the second moments of all their inputs would take seconds. */
const DEEPEST = 640;
const BLOCK = 256;

export interface ChosenWeights {
  /** By node name. */
  readonly weights: ReadonlyMap<string, QuantizedWeight>;
  /** The graph with corrected biases. */
  readonly graph: Graph;
}

export interface Layer {
  readonly node: Node;
  readonly weight: Tensor;
  readonly format: WeightFormat;
  readonly axis: number | null;
}

const FORMATS: Partial<Record<NumberFormat, WeightFormat>> = { int8: 'int8', uint8: 'uint8', int4: 'int4' };

/** Layers of the plan that get integer weights. */
export function layersOf(graph: Graph, plan: QuantizePlan): Layer[] {
  return graph.nodes.flatMap((node): Layer[] => {
    const weight = graph.initializers.get(node.inputs[1] ?? '');
    const format = FORMATS[settingOf(plan.layers, node.name) ?? plan.format];
    const { kind } = node.op;
    if (weight === undefined || format === undefined || !hasIntegerKernel(graph, node)) return [];
    if (kind !== 'Conv' && kind !== 'Gemm' && kind !== 'MatMul') return [];
    if ((kind === 'Gemm' && node.op.transA) || weight.shape.length < 2) return [];
    return [{ node, weight, format, axis: plan.granularity === 'tensor' ? null : structureAxis(node, weight) }];
  });
}

function squaredError(weight: Tensor, grid: WeightGrid): Float64Array {
  const at = structureIndexer(weight.shape, grid.axis);
  const errors = new Float64Array(grid.scales.length);
  for (let i = 0; i < weight.data.length; i++) {
    const s = at(i);
    const value = Number(weight.data[i]);
    const q = Math.max(
      grid.low - grid.zeros[s],
      Math.min(grid.high - grid.zeros[s], Math.round(value / grid.scales[s])),
    );
    errors[s] += (value - q * grid.scales[s]) ** 2;
  }
  return errors;
}

/** The widest grid, or for few bits the clipping of each structure with the least squared error. */
export function gridOf({ weight, format, axis }: Layer): WeightGrid {
  const widest = weightGrid(weight, format, axis);
  if (format !== 'int4') return widest;
  const scales = Float32Array.from(widest.scales);
  const least = squaredError(weight, widest);
  for (let clip = 0.95; clip > 0.4; clip -= 0.05) {
    const grid = weightGrid(weight, format, axis, clip);
    squaredError(weight, grid).forEach((error, s) => {
      if (error >= least[s]) return;
      least[s] = error;
      scales[s] = grid.scales[s];
    });
  }
  return { ...widest, scales };
}

/** Index of weight (output, k) in the tensor. */
function weightIndex({ node, weight }: Layer): (output: number, k: number) => number {
  const [rows, columns] = [weight.shape[0], elementCount(weight.shape) / weight.shape[0]];
  const outputsLast = node.op.kind === 'MatMul' || (node.op.kind === 'Gemm' && !node.op.transB);
  return outputsLast
    ? (output, k) => k * columns + output
    : (output, k) => output * (elementCount(weight.shape) / rows) + k;
}

function outputsOf({ node, weight }: Layer): number {
  return node.op.kind === 'MatMul' || (node.op.kind === 'Gemm' && !node.op.transB) ? weight.shape[1] : weight.shape[0];
}

/** Inputs within which errors are spread, and how; `spread` null where the inputs say nothing. */
interface Block {
  readonly from: number;
  readonly to: number;
  readonly spread: Float64Array | null;
}

function blocksOf(rows: Float32Array, depth: number): Block[] {
  const size = depth <= DEEPEST ? depth : BLOCK;
  const blocks: Block[] = [];
  for (let from = 0; from < depth; from += size) {
    const to = Math.min(depth, from + size);
    blocks.push({ from, to, spread: errorSpread(columns(rows, depth, from, to), to - from) });
  }
  return blocks;
}

function columns(rows: Float32Array, depth: number, from: number, to: number): Float32Array {
  if (to - from === depth) return rows;
  const count = rows.length / depth;
  const part = new Float32Array(count * (to - from));
  for (let r = 0; r < count; r++) part.set(rows.subarray(r * depth + from, r * depth + to), r * (to - from));
  return part;
}

function compensated(layer: Layer, grid: WeightGrid, inputs: LayerInputs): QuantizedWeight {
  const { weight } = layer;
  const index = weightIndex(layer);
  const outputs = outputsOf(layer);
  const integers = new Int32Array(weight.data.length);
  const perGroup = outputs / inputs.groups;
  for (let group = 0; group < inputs.groups; group++) {
    for (const { from, to, spread } of blocksOf(inputs.rows[group], inputs.depth)) {
      for (let r = 0; r < perGroup; r++) {
        const output = group * perGroup + r;
        const row = Float64Array.from({ length: to - from }, (_, k) => Number(weight.data[index(output, from + k)]));
        const structure = grid.axis === null ? 0 : output;
        const rounded =
          spread === null
            ? row.map((value) => Math.round(value / grid.scales[structure]))
            : roundRow(row, spread, grid, structure);
        rounded.forEach((q, k) => {
          integers[index(output, from + k)] = q;
        });
      }
    }
  }
  return weightOnGrid(weight, grid, (i) => integers[i]);
}

/** Σ over inputs of (w - q) · mean input, per output: what the rounding takes away from the layer's outputs on average. */
function biasShift(layer: Layer, chosen: QuantizedWeight, axis: number | null, inputs: LayerInputs): Float64Array {
  const index = weightIndex(layer);
  const outputs = outputsOf(layer);
  const perGroup = outputs / inputs.groups;
  const shift = new Float64Array(outputs);
  inputs.rows.forEach((rows, group) => {
    const mean = new Float64Array(inputs.depth);
    const count = rows.length / inputs.depth;
    for (let i = 0; i < rows.length; i++) mean[i % inputs.depth] += rows[i] / count;
    for (let r = 0; r < perGroup; r++) {
      const output = group * perGroup + r;
      const s = axis === null ? 0 : output;
      for (let k = 0; k < inputs.depth; k++) {
        const i = index(output, k);
        const q = (Number(chosen.values.data[i]) - Number(chosen.zero.data[s])) * chosen.scale.data[s];
        shift[output] += (Number(layer.weight.data[i]) - q) * mean[k];
      }
    }
  });
  return shift;
}

function correctBias(graph: Graph, layer: Layer, shift: Float64Array, initializers: Map<string, Tensor>): Node {
  const { node } = layer;
  const name = node.inputs[2] ?? '';
  const old = initializers.get(name);
  if (old !== undefined && old.data.length !== shift.length) return node;
  const corrected = Float32Array.from(shift, (value, i) => value + Number(old?.data[i] ?? 0));
  const fresh = `${node.name}_corrected_bias`;
  if (graph.values.has(fresh)) return node;
  initializers.set(fresh, tensor('float32', [shift.length], corrected));
  return { ...node, inputs: [node.inputs[0], node.inputs[1], fresh] };
}

export function chooseWeights(graph: Graph, plan: QuantizePlan, samples: SampleSource, seed: number): ChosenWeights {
  const layers = layersOf(graph, plan);
  const looked = plan.biasCorrection === true || plan.adaptiveRounding === true;
  const inputs = looked
    ? layerInputs(
        graph,
        layers.map(({ node }) => node),
        samples,
        seed,
      )
    : new Map<string, LayerInputs>();
  const weights = new Map<string, QuantizedWeight>();
  const initializers = new Map(graph.initializers);
  const replaced = new Map<Node, Node>();
  for (const layer of layers) {
    const grid = gridOf(layer);
    const seen = inputs.get(layer.node.name);
    const chosen =
      plan.adaptiveRounding === true && seen !== undefined
        ? compensated(layer, grid, seen)
        : weightOnGrid(layer.weight, grid);
    weights.set(layer.node.name, chosen);
    if (plan.biasCorrection === true && seen !== undefined && layer.node.op.kind !== 'MatMul') {
      replaced.set(layer.node, correctBias(graph, layer, biasShift(layer, chosen, layer.axis, seen), initializers));
    }
  }
  const nodes = graph.nodes.map((node) => replaced.get(node) ?? node);
  const values = new Map(graph.values);
  for (const [name, { dtype, shape }] of initializers) values.set(name, { name, dtype, shape });
  return { weights, graph: { ...graph, nodes, initializers, values } };
}
