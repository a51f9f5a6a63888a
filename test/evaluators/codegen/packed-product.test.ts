/**
 * Products of two computed int8 or uint8 matrices: byte for byte what the interpreter computes, on this computer and on the virtual cores, with
 * batches that broadcast, operands that come transposed, odd sizes, scales per row or column, values at the ends of their range.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng } from '@tinypareto/optimizer';
import { runOnCore } from '../../../bench/support/network-on-core.ts';
import { buildHost, runHost } from '../../../evaluators/build/build-host.ts';
import { armToolchain, hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { lower } from '../../../evaluators/codegen/lower.ts';
import type { Graph, Node } from '../../../evaluators/ir/graph.ts';
import { elementCount, type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { interpret } from '../../../evaluators/ops/interpret.ts';
import { board } from '../../support/boards.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { smallGraph } from '../../support/small-graph.ts';

const cache = temporaryCache();
const noHost = isMissing(hostToolchain()) ? 'no C compiler' : false;
const noArm = isMissing(armToolchain()) ? 'no Arm compiler' : false;

interface Drawn {
  readonly graph: Graph;
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly wanted: Uint8Array;
  readonly text: string;
}

function drawn(seed: number): Drawn {
  const rng = createRng(seed, 0, 'packed-product');
  const integer = (low: number, high: number) => low + Math.floor(rng.nextFloat() * (high - low + 1));
  const dtype = integer(0, 1) === 0 ? 'int8' : 'uint8';
  const least = dtype === 'int8' ? -128 : 0;
  const bytes = (shape: readonly number[], ends = 0.1): Tensor => {
    const value = () => least + (rng.nextFloat() < ends ? 255 * integer(0, 1) : integer(0, 255));
    const data = Array.from({ length: elementCount(shape) }, value);
    return dtype === 'int8'
      ? tensor('int8', shape, Int8Array.from(data))
      : tensor('uint8', shape, Uint8Array.from(data));
  };
  const [m, k, n] = [integer(1, 7), integer(1, 19), integer(1, 13)];
  const [heads, shared] = [integer(1, 3), integer(0, 2) === 0];
  const [turnsA, turnsB] = [integer(0, 2) === 0, integer(0, 1) === 0];
  const aShape = [1, heads, ...(turnsA ? [k, m] : [m, k])];
  const bShape = [...(shared ? [1] : [1, heads]), ...(turnsB ? [n, k] : [k, n])];
  const [perRow, perColumn] = [integer(0, 3) === 0, integer(0, 3) === 0];
  const scales = (count: number, size: number) =>
    tensor(
      'float32',
      count === 1 ? [] : [count],
      Float32Array.from({ length: count }, () => size * (0.5 + rng.nextFloat())),
    );
  const initializers = {
    as: scales(perRow ? m : 1, 1),
    az: bytes([]),
    bs: scales(perColumn ? n : 1, 1),
    bz: bytes([]),
    ys: scales(1, 60 * Math.sqrt(k)),
    yz: bytes([]),
  };
  const nodes: Node[] = [];
  const values: Record<string, readonly number[]> = { y: [1, heads, m, n] };
  const turned = (name: string, shape: readonly number[], turns: boolean): string => {
    if (!turns) return name;
    const rank = shape.length;
    const perm = shape.map((_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
    nodes.push({ name: `${name}t`, op: { kind: 'Transpose', perm }, inputs: [name], outputs: [`${name}t`] });
    values[`${name}t`] = perm.map((axis) => shape[axis] ?? 1);
    return `${name}t`;
  };
  const [a, b] = [turned('a', aShape, turnsA), turned('b', bShape, turnsB)];
  nodes.push({
    name: 'y',
    op: { kind: 'QLinearMatMul' },
    inputs: [a, 'as', 'az', b, 'bs', 'bz', 'ys', 'yz'],
    outputs: ['y'],
  });
  const names = ['a', 'b', ...Object.keys(values)];
  const graph = smallGraph({
    inputs: { a: aShape, b: bShape },
    initializers,
    nodes,
    values,
    dtypes: Object.fromEntries(names.map((name) => [name, dtype])),
    outputs: ['y'],
  });
  const inputs = new Map([
    ['a', bytes(aShape)],
    ['b', bytes(bShape)],
  ]);
  const y = interpret(graph, inputs).get('y');
  assert.ok(y !== undefined);
  const wanted = new Uint8Array(y.data.buffer, y.data.byteOffset, y.data.byteLength);
  return { graph, inputs, wanted, text: JSON.stringify({ seed, dtype, aShape, bShape, turnsA, turnsB, perRow }) };
}

const CASES = Array.from({ length: Number(process.env['KERNEL_SEEDS'] ?? 6) }, (_, seed) => drawn(seed + 1));
const bytesOf = ({ inputs }: Drawn) => [...inputs.values()].map(({ data }) => new Uint8Array(data.buffer));

for (const { kernels, name } of [
  { kernels: 'cortex-m0plus', name: 'pico' },
  { kernels: 'cortex-m4f', name: 'nano33ble' },
] as const) {
  test(`products of computed matrices, portable form of the kernels for ${kernels}`, { skip: noHost }, async () => {
    for (const each of CASES) {
      const built = await buildHost(lower(each.graph, board('host'), { kernels }), cache);
      assert.ok(built.kind === 'built');
      const { outputs } = await runHost(built, [bytesOf(each)]);
      assert.deepEqual(outputs[0]?.[0], each.wanted, each.text);
    }
  });

  test(`products of computed matrices on ${name}`, { skip: noArm }, async () => {
    for (const each of CASES) {
      const run = await runOnCore(each.graph, board(name), bytesOf(each), { kind: 'zeroWait' });
      assert.deepEqual(run.outputs[0], each.wanted, each.text);
      assert.ok(run.program.steps.some(({ kernel }) => kernel.startsWith('dnnrt_matmul_s8')));
    }
  });
}
