/**
 * Values and gradients against PyTorch's (references.json, made by scripts/make-training-references.py), on the WebAssembly engine and,
 * where it can be built, the native one.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Graph, Node, ValueInfo } from '../../../evaluators/ir/graph.ts';
import type { Op } from '../../../evaluators/ir/op.ts';
import { type Tensor, tensor } from '../../../evaluators/ir/tensor.ts';
import { createEngine, type EngineKind } from '../../../evaluators/train/engine.ts';
import { compileTraining } from '../../../evaluators/train/training-program.ts';
import { GEMM } from './net.ts';

interface Packed {
  readonly shape: readonly number[];
  readonly data: string;
}
interface Case {
  readonly name: string;
  readonly input: Packed;
  readonly nodes: readonly (Pick<Node, 'name' | 'inputs' | 'outputs'> & { op: Op; shapes: number[][] })[];
  readonly output: string;
  readonly labels: readonly number[];
  readonly initializers: Readonly<Record<string, Packed>>;
  readonly logits: Packed;
  readonly loss: number;
  readonly gradients: Readonly<Record<string, Packed>>;
  readonly batchNorm?: 'train' | 'frozen';
  readonly statistics?: Readonly<Record<string, Packed>>;
}
interface References {
  readonly batch: number;
  readonly cases: readonly Case[];
  readonly optimizers: {
    readonly input: Packed;
    readonly labels: readonly number[];
    readonly w: Packed;
    readonly b: Packed;
    readonly cases: readonly {
      readonly optimizer: 'sgd' | 'nesterov' | 'adam' | 'adamw';
      readonly clipNorm: number | null;
      readonly w: Packed;
      readonly b: Packed;
    }[];
  };
  readonly losses: {
    readonly input: Packed;
    readonly target: Packed;
    readonly teacher: Packed;
    readonly w: Packed;
    readonly labels: readonly number[];
    readonly temperature: number;
    readonly weight: number;
    readonly cases: readonly {
      readonly kind: 'mse' | 'bce' | 'distill';
      readonly loss: number;
      readonly gradient: Packed;
    }[];
  };
}

const references = JSON.parse(readFileSync(new URL('./references.json', import.meta.url), 'utf8')) as References;
const TOLERANCE = 1e-4;
const engines: EngineKind[] = createEngine().kind === 'native' ? ['wasm', 'native'] : ['wasm'];

function unpack({ data }: Packed): Float32Array<ArrayBuffer> {
  return new Float32Array(Uint8Array.from(Buffer.from(data, 'base64')).buffer);
}

/** Greatest difference, relative to the largest expected number. */
function assertClose(actual: ArrayLike<number>, expected: Float32Array, what: string): void {
  assert.equal(actual.length, expected.length, what);
  const size = expected.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-6);
  const worst = expected.reduce((top, v, i) => Math.max(top, Math.abs(v - actual[i])), 0);
  assert.ok(worst <= TOLERANCE * size, `${what}: off by ${worst} of ${size}`);
}

function toGraph(c: Case): Graph {
  const values = new Map<string, ValueInfo>();
  const info = (name: string, shape: readonly number[]) => values.set(name, { name, dtype: 'float32', shape });
  info('x', [1, ...c.input.shape.slice(1)]);
  const initializers = new Map<string, Tensor>();
  for (const [name, packed] of Object.entries(c.initializers)) {
    initializers.set(name, tensor('float32', packed.shape, unpack(packed)));
    info(name, packed.shape);
  }
  const nodes = c.nodes.map(({ shapes, ...node }) => {
    node.outputs.forEach((name, i) => {
      info(name, shapes[i]);
    });
    return node;
  });
  const inputs = [{ name: 'x', dtype: 'float32' as const, shape: [1, ...c.input.shape.slice(1)] }];
  return { name: c.name, inputs, outputs: [c.output], nodes, initializers, values };
}

for (const engine of engines) {
  for (const c of references.cases) {
    test(`${c.name} (${engine})`, () => {
      const program = compileTraining(toGraph(c), {
        batch: references.batch,
        engine,
        batchNorm: c.batchNorm ?? 'train',
      });
      program.input.set(unpack(c.input));
      c.labels.forEach((label, i) => {
        program.target[i * program.classes + label] = 1;
      });
      const loss = program.forward();
      program.backward();
      assertClose(program.output, unpack(c.logits), 'logits');
      assert.ok(Math.abs(loss - c.loss) < TOLERANCE * Math.abs(c.loss));
      for (const [name, packed] of Object.entries(c.gradients)) {
        assertClose(program.gradients.get(name) ?? [], unpack(packed), `gradient of ${name}`);
      }
      const after = program.toGraph();
      for (const [name, packed] of Object.entries(c.statistics ?? {})) {
        assertClose((after.initializers.get(name)?.data ?? []) as ArrayLike<number>, unpack(packed), `running ${name}`);
      }
    });
  }

  test(`optimizers take PyTorch's steps (${engine})`, () => {
    const { input, labels, w, b, cases } = references.optimizers;
    const graph = linear(w, b);
    for (const { optimizer, clipNorm, ...expected } of cases) {
      const program = compileTraining(graph, { batch: references.batch, engine, optimizer, labelSmoothing: 0.1 });
      program.input.set(unpack(input));
      labels.forEach((label, i) => {
        program.target[i * program.classes + label] = 1;
      });
      const adam = optimizer.startsWith('adam');
      const hyper = { learningRate: adam ? 0.05 : 0.1, momentum: 0.9, weightDecay: 0.02 };
      for (let step = 1; step <= 5; step++) {
        program.forward();
        program.backward();
        program.update({ ...hyper, ...(clipNorm === null ? {} : { clipNorm }) }, step);
      }
      assertClose(program.weights.get('w') ?? [], unpack(expected.w), `${optimizer} w`);
      assertClose(program.weights.get('b') ?? [], unpack(expected.b), `${optimizer} b`);
    }
  });

  test(`losses and distillation (${engine})`, () => {
    const { input, target, teacher, w, labels, temperature, weight, cases } = references.losses;
    for (const { kind, loss, gradient } of cases) {
      const options = kind === 'distill' ? { distill: { weight, temperature } } : { loss: kind };
      const program = compileTraining(linear(w, undefined), { batch: references.batch, engine, ...options });
      program.input.set(unpack(input));
      if (kind === 'distill') {
        program.teacher.set(unpack(teacher));
        labels.forEach((label, i) => {
          program.target[i * program.classes + label] = 1;
        });
      } else {
        program.target.set(unpack(target));
      }
      assert.ok(Math.abs(program.forward() - loss) < TOLERANCE * loss, kind);
      program.backward();
      assertClose(program.gradients.get('w') ?? [], unpack(gradient), kind);
    }
  });
}

function linear(w: Packed, b: Packed | undefined): Graph {
  const [outputs, inputs] = w.shape;
  return toGraph({
    name: 'linear',
    input: { shape: [references.batch, inputs], data: '' },
    nodes: [
      {
        name: 'y',
        op: GEMM,
        inputs: ['x', 'w', ...(b === undefined ? [] : ['b'])],
        outputs: ['y'],
        shapes: [[1, outputs]],
      },
    ],
    output: 'y',
    labels: [],
    initializers: b === undefined ? { w } : { w, b },
    logits: { shape: [], data: '' },
    loss: 0,
    gradients: {},
  });
}
