/** Hand-made graphs for tests: nodes in order, types of all values given. */
import type { DType } from '../../evaluators/ir/dtype.ts';
import type { Graph, Node, ValueInfo } from '../../evaluators/ir/graph.ts';
import type { Tensor } from '../../evaluators/ir/tensor.ts';

export interface SmallGraph {
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly initializers?: Readonly<Record<string, Tensor>>;
  readonly nodes: readonly Node[];
  /** Shapes of node outputs. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  readonly dtypes?: Readonly<Record<string, DType>>;
  readonly outputs: readonly string[];
}

export function smallGraph(spec: SmallGraph): Graph {
  const info = (name: string, shape: readonly number[]): ValueInfo => ({
    name,
    dtype: spec.dtypes?.[name] ?? 'float32',
    shape,
  });
  const inputs = Object.entries(spec.inputs).map(([name, shape]) => info(name, shape));
  const initializers = new Map(Object.entries(spec.initializers ?? {}));
  const constants = [...initializers].map(([name, { dtype, shape }]): ValueInfo => ({ name, dtype, shape }));
  const computed = Object.entries(spec.values).map(([name, shape]) => info(name, shape));
  return {
    name: 'small',
    inputs,
    outputs: spec.outputs,
    nodes: spec.nodes,
    initializers,
    values: new Map([...inputs, ...constants, ...computed].map((value) => [value.name, value])),
  };
}
