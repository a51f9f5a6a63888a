/** Attention and RotaryEmbedding against their definitions written as loops, over random sizes, heads, masks and caches. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOnnx, interpret, type Tensor, tensor } from '@tinypareto/evaluators';
import fc from 'fast-check';
import { floatAttribute, floatValue, intAttribute, makeModel, node } from '../../support/make-model.ts';
import { noise } from '../../support/random-graph.ts';

const attentions = fc.record({
  batch: fc.integer({ min: 1, max: 2 }),
  keyHeads: fc.integer({ min: 1, max: 2 }),
  repeat: fc.integer({ min: 1, max: 2 }),
  queries: fc.integer({ min: 1, max: 4 }),
  keys: fc.integer({ min: 1, max: 4 }),
  past: fc.integer({ min: 0, max: 2 }),
  size: fc.integer({ min: 1, max: 3 }),
  flat: fc.boolean(),
  causal: fc.boolean(),
  masked: fc.boolean(),
  softcap: fc.constantFrom(0, 1.5),
});

const random = (seed: number, ...shape: number[]): Tensor<'float32'> =>
  tensor(
    'float32',
    shape,
    noise(
      seed,
      shape.reduce((a, b) => a * b, 1),
    ),
  );

test('Attention is a softmax of scaled products, with caches, groups, masks and causality', () => {
  const law = fc.property(attentions, (p) => {
    const { batch, keyHeads, repeat, queries, keys, past, size, flat } = p;
    const heads = keyHeads * repeat;
    const total = past + keys;
    const shapeOf = (count: number, steps: number) =>
      flat ? [batch, steps, count * size] : [batch, count, steps, size];
    const feeds = new Map<string, Tensor>([
      ['q', random(1, ...shapeOf(heads, queries))],
      ['k', random(2, ...shapeOf(keyHeads, keys))],
      ['v', random(3, ...shapeOf(keyHeads, keys))],
    ]);
    const mask = Uint8Array.from(noise(4, queries * total), (value) => (value > -0.3 ? 1 : 0));
    if (p.masked) feeds.set('mask', tensor('bool', [queries, total], mask));
    const oldKey = random(5, batch, keyHeads, past, size);
    const oldValue = random(6, batch, keyHeads, past, size);
    if (past > 0) feeds.set('pk', oldKey).set('pv', oldValue);
    const input = [...feeds].map(([name, { shape, dtype }]) => floatValue(name, shape, dtype === 'bool' ? 9 : 1));
    const names = ['q', 'k', 'v', p.masked ? 'mask' : '', ...(past > 0 ? ['pk', 'pv'] : [])];
    const attributes = [
      intAttribute('is_causal', p.causal ? 1 : 0),
      floatAttribute('softcap', p.softcap),
      ...(flat ? [intAttribute('q_num_heads', heads), intAttribute('kv_num_heads', keyHeads)] : []),
    ];
    const model = makeModel(
      {
        node: [node('Attention', names, ['y'], attributes)],
        input,
        output: [floatValue('y', shapeOf(heads, queries))],
      },
      { opset: 23 },
    );
    const y = interpret(importOnnx(model), feeds).get('y');

    const element = (
      name: string,
      count: number,
      steps: number,
      b: number,
      h: number,
      t: number,
      d: number,
    ): number => {
      const at = flat ? ((b * steps + t) * count + h) * size + d : ((b * count + h) * steps + t) * size + d;
      return Number(feeds.get(name)?.data[at]);
    };
    const cached = (name: string, old: Tensor<'float32'>, b: number, h: number, t: number, d: number): number =>
      t < past
        ? (old.data[((b * keyHeads + h) * past + t) * size + d] ?? 0)
        : element(name, keyHeads, keys, b, h, t - past, d);
    for (let b = 0; b < batch; b++)
      for (let h = 0; h < heads; h++)
        for (let i = 0; i < queries; i++) {
          const group = Math.floor(h / repeat);
          const weights = Array.from({ length: total }, (_, t) => {
            if ((p.causal && t > past + i) || (p.masked && mask[i * total + t] === 0)) return 0;
            let score = 0;
            for (let d = 0; d < size; d++)
              score += element('q', heads, queries, b, h, i, d) * cached('k', oldKey, b, group, t, d);
            score /= Math.sqrt(size);
            return Math.exp(p.softcap === 0 ? score : p.softcap * Math.tanh(score / p.softcap));
          });
          const sum = weights.reduce((a, w) => a + w, 0);
          for (let d = 0; d < size; d++) {
            const wanted = weights.reduce((a, w, t) => a + w * cached('v', oldValue, b, group, t, d), 0);
            const at = flat ? ((b * queries + i) * heads + h) * size + d : ((b * heads + h) * queries + i) * size + d;
            assert.ok(Math.abs(Number(y?.data[at]) - (sum === 0 ? 0 : wanted / sum)) < 1e-5);
          }
        }
  });
  fc.assert(law, { numRuns: 120, seed: 12 });
});

test('RotaryEmbedding turns pairs of elements by the angle of their position', () => {
  const law = fc.property(
    fc.record({
      steps: fc.integer({ min: 1, max: 4 }),
      heads: fc.integer({ min: 1, max: 3 }),
      half: fc.integer({ min: 1, max: 3 }),
      rest: fc.integer({ min: 0, max: 2 }),
      interleaved: fc.boolean(),
    }),
    ({ steps, heads, half, rest, interleaved }) => {
      const size = 2 * half + rest;
      const x = random(7, 1, heads, steps, size);
      const angle = Float32Array.from({ length: steps * half }, (_, i) => 0.3 * i + 0.1);
      const cos = tensor('float32', [1, steps, half], angle.map(Math.cos));
      const sin = tensor('float32', [1, steps, half], angle.map(Math.sin));
      const feeds = new Map<string, Tensor>([
        ['x', x],
        ['cos', cos],
        ['sin', sin],
      ]);
      const attributes = [
        intAttribute('interleaved', interleaved ? 1 : 0),
        intAttribute('rotary_embedding_dim', 2 * half),
      ];
      const model = makeModel(
        {
          node: [node('RotaryEmbedding', ['x', 'cos', 'sin'], ['y'], attributes)],
          input: [...feeds].map(([name, { shape }]) => floatValue(name, shape)),
          output: [floatValue('y', x.shape)],
        },
        { opset: 23 },
      );
      const y = interpret(importOnnx(model), feeds).get('y');
      for (let row = 0; row < heads * steps; row++)
        for (let d = 0; d < size; d++) {
          const pair = interleaved ? Math.floor(d / 2) : d % half;
          const isFirst = interleaved ? d % 2 === 0 : d < half;
          const [first, second] = interleaved ? [2 * pair, 2 * pair + 1] : [pair, pair + half];
          const at = (offset: number) => Number(x.data[row * size + offset]);
          const [c, s] = [cos, sin].map(({ data }) => Number(data[(row % steps) * half + pair]));
          const turned = isFirst
            ? at(first) * (c ?? 0) - at(second) * (s ?? 0)
            : at(first) * (s ?? 0) + at(second) * (c ?? 0);
          assert.ok(Math.abs(Number(y?.data[row * size + d]) - (d < 2 * half ? turned : at(d))) < 1e-6);
        }
    },
  );
  fc.assert(law, { numRuns: 60, seed: 13 });
});
