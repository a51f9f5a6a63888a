/** Einsum against the sum over all labels that it stands for: any number of operands, repeated labels, labels summed away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOnnx, interpret, type Tensor, tensor } from '@tinypareto/evaluators';
import fc from 'fast-check';
import { floatValue, makeModel, node } from '../../support/make-model.ts';
import { noise } from '../../support/random-graph.ts';

const SIZES: Readonly<Record<string, number>> = { i: 2, j: 3, k: 2, l: 4 };
const label = fc.constantFrom('i', 'j', 'k', 'l');
const equations = fc.record({
  terms: fc.array(fc.array(label, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
  keep: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
  turned: fc.boolean(),
});

test('Einsum is the sum of products over the labels that the result does not name', () => {
  const law = fc.property(equations, ({ terms, keep, turned }) => {
    const used = [...new Set(terms.flat())];
    const kept = used.filter((_, i) => keep[i]);
    const result = turned ? kept.toReversed() : kept;
    const feeds = new Map<string, Tensor<'float32'>>(
      terms.map((labels, i) => {
        const shape = labels.map((each) => SIZES[each] ?? 1);
        const count = shape.reduce((a, b) => a * b, 1);
        return [`x${i}`, tensor('float32', shape, noise(i + 5, count))];
      }),
    );
    const equation = `${terms.map((labels) => labels.join('')).join()}->${result.join('')}`;
    const attribute = { name: 'equation', type: 3, s: new TextEncoder().encode(equation) };
    const shape = result.map((each) => SIZES[each] ?? 1);
    const model = makeModel({
      node: [node('Einsum', [...feeds.keys()], ['y'], [attribute])],
      input: [...feeds].map(([name, value]) => floatValue(name, value.shape)),
      output: [floatValue('y', shape)],
    });
    const y = interpret(importOnnx(model), feeds).get('y');
    const at = (labels: readonly string[], place: ReadonlyMap<string, number>): number =>
      labels.reduce((index, each) => index * (SIZES[each] ?? 1) + (place.get(each) ?? 0), 0);
    const wanted = new Float64Array(shape.reduce((a, b) => a * b, 1));
    const visit = (place: Map<string, number>, rest: readonly string[]): void => {
      const [next, ...others] = rest;
      if (next === undefined) {
        wanted[at(result, place)] += terms.reduce(
          (product, labels, i) => product * Number(feeds.get(`x${i}`)?.data[at(labels, place)]),
          1,
        );
        return;
      }
      for (let index = 0; index < (SIZES[next] ?? 1); index++) visit(new Map([...place, [next, index]]), others);
    };
    visit(new Map(), used);
    assert.deepEqual(y?.shape, shape, equation);
    wanted.forEach((value, i) => {
      assert.ok(Math.abs(Number(y?.data[i]) - value) < 1e-4, equation);
    });
  });
  fc.assert(law, { numRuns: 250, seed: 15 });
});
