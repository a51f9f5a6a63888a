/** Scan is unrolled: its length is the size of the scanned axis, which is always known. */
import { normalizeAxis } from '../ops/operator.ts';
import { Attributes } from './attributes.ts';
import { importBody, stack } from './control-flow.ts';
import type { GraphProto, NodeProto } from './generated/onnx_pb.js';
import type { Value } from './graph-builder.ts';
import { ProblemFound } from './import-error.ts';
import type { ImportState, Opsets } from './import-state.ts';
import { type Binding, POISONED, type Scope } from './scope.ts';

interface ScanPlan {
  readonly body: GraphProto;
  /** Initial values of the carried states. */
  readonly states: readonly Value[];
  readonly scanned: readonly Value[];
  readonly axes: readonly number[];
  readonly backward: readonly boolean[];
  readonly outputAxes: readonly number[];
  readonly outputBackward: readonly boolean[];
}

function planScan(state: ImportState, node: NodeProto, inputs: readonly (Value | undefined)[]): ScanPlan {
  const attributes = new Attributes(node.attribute, state.builder.limits);
  const body = attributes.graph('body');
  const values = inputs.filter((value) => value !== undefined);
  const count = attributes.int('num_scan_inputs', 0);
  if (body === undefined || values.length !== inputs.length || count < 1 || count > values.length) {
    throw new ProblemFound('BAD_NODE', 'its body or its inputs are missing', 'Export the model again.');
  }
  const outputs = body.output.length - (values.length - count);
  const list = (name: string, length: number): number[] => attributes.ints(name) ?? new Array<number>(length).fill(0);
  const scanned = values.slice(-count);
  return {
    body,
    states: values.slice(0, -count),
    scanned,
    axes: list('scan_input_axes', count).map((axis, i) => normalizeAxis(axis, scanned[i].type.shape.length)),
    backward: list('scan_input_directions', count).map((direction) => direction === 1),
    outputAxes: list('scan_output_axes', outputs),
    outputBackward: list('scan_output_directions', outputs).map((direction) => direction === 1),
  };
}

/** Element `index` of a scanned input, without the scanned axis. */
function sliceAt(state: ImportState, value: Value, axis: number, index: number, name: string): Value {
  const { builder } = state;
  const { shape } = value.type;
  const starts = shape.map((_, i) => (i === axis ? index : 0));
  const sizes = shape.map((size, i) => (i === axis ? 1 : size));
  const row = builder.freshValueName(`${name}/row`);
  const [slice] = builder.emit(row, { kind: 'Slice', starts, steps: shape.map(() => 1), sizes }, [value], [row]);
  const element = builder.freshValueName(`${name}/element`);
  return builder.emit(element, { kind: 'Reshape', shape: shape.toSpliced(axis, 1) }, [slice], [element])[0];
}

/** Outputs: last states, then scan outputs stacked along their axes. */
export function unrollScan(
  state: ImportState,
  node: NodeProto,
  inputs: readonly (Value | undefined)[],
  scope: Scope,
  opsets: Opsets,
  label: string,
): readonly Binding[] {
  if ((opsets.get('') ?? 0) < 9)
    throw new ProblemFound(
      'UNSUPPORTED_OPERATOR',
      'Scan before opset 9 is not supported',
      'Export the model with opset 9 or later.',
    );
  const plan = planScan(state, node, inputs);
  const steps = plan.scanned[0].type.shape[plan.axes[0]];
  let carried: readonly Binding[] = plan.states;
  const rows: Binding[][] = plan.outputAxes.map(() => []);
  for (let step = 0; step < steps; step++) {
    const inner = scope.nested(`${label}[${step}]`);
    const elements = plan.scanned.map((value, i) => {
      const index = plan.backward[i] ? steps - 1 - step : step;
      return sliceAt(state, value, plan.axes[i], index, `${inner.prefix}input${i}`);
    });
    const results = importBody(state, plan.body, [...carried, ...elements], inner, opsets);
    carried = results.slice(0, plan.states.length);
    results.slice(plan.states.length).forEach((value, i) => {
      if (plan.outputBackward[i]) rows[i].unshift(value);
      else rows[i].push(value);
    });
  }
  const stacked = rows.map((parts, i) =>
    parts.includes(POISONED) ? POISONED : stack(state, parts, `${scope.prefix}${label}/scan${i}`, plan.outputAxes[i]),
  );
  return [...carried, ...stacked];
}
