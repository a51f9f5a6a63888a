/** Loop and If are unrolled at import; what does not change from one iteration to the next is computed once, and the result is the loop's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  importOnnx,
  interpret,
  printGraph,
  simplify,
  type Tensor,
  tensor,
  validateGraph,
} from '@tinypareto/evaluators';
import fc from 'fast-check';
import {
  boolTensor,
  floatTensor,
  floatValue,
  graphAttribute,
  int64Tensor,
  makeModel,
  type NodeInit,
  node,
} from '../../support/make-model.ts';
import { noise } from '../../support/random-graph.ts';

/** One operation of a loop's body: on values that stay the same, or on the carried one. */
const operations = fc.array(fc.tuple(fc.constantFrom('Tanh', 'Sigmoid', 'Neg', 'Add', 'Mul'), fc.nat(99), fc.nat(99)), {
  minLength: 2,
  maxLength: 8,
});

function bodyOf(list: readonly (readonly [string, number, number])[]): {
  readonly nodes: NodeInit[];
  readonly last: string;
} {
  const values = ['x', 'k', 'carried'];
  const nodes = list.map(([opType, a, b], i) => {
    const pick = (choice: number) => values[choice % values.length] ?? 'x';
    const inputs = opType === 'Add' || opType === 'Mul' ? [pick(a), pick(b)] : [pick(a)];
    const output = `b${i}`;
    values.push(output);
    return node(opType, inputs, [output]);
  });
  nodes.push(node('Add', ['carried', values.at(-1) ?? 'x'], ['next']));
  return { nodes, last: 'next' };
}

test('a loop gives what its iterations give, and its unchanging parts are there once', () => {
  const law = fc.property(operations, fc.integer({ min: 1, max: 6 }), fc.boolean(), (list, trips, branch) => {
    const { nodes, last } = bodyOf(list);
    const input = [floatValue('t', [], 7), floatValue('go', [], 9), floatValue('carried', [4])];
    const body = {
      name: 'body',
      node: [node('Identity', ['go'], ['going']), ...nodes],
      input,
      output: [floatValue('going', [], 9), floatValue(last, [4])],
    };
    const flip = (name: string, opType: string) => ({
      name,
      node: [node(opType, ['looped'], [`${name}_y`])],
      output: [floatValue(`${name}_y`, [4])],
    });
    const model = makeModel({
      node: [
        node('Loop', ['trips', '', 'x'], ['looped'], [graphAttribute('body', body)]),
        node(
          'If',
          ['which'],
          ['y'],
          [graphAttribute('then_branch', flip('then', 'Neg')), graphAttribute('else_branch', flip('other', 'Abs'))],
        ),
      ],
      initializer: [
        int64Tensor('trips', [], [trips]),
        boolTensor('which', branch),
        floatTensor('k', [4], [...noise(4, 4)]),
      ],
      input: [floatValue('x', [4])],
      output: [floatValue('y', [4])],
    });
    const x: Tensor = tensor('float32', [4], noise(9, 4));
    const graph = importOnnx(model);
    const after = validateGraph(simplify(graph));
    const [plain, simple] = [graph, after].map((each) => interpret(each, new Map([['x', x]])).get('y'));

    const scope = new Map<string, Float32Array>([
      ['x', Float32Array.from(x.data as Float32Array)],
      ['k', Float32Array.from(noise(4, 4))],
    ]);
    let carried = Float32Array.from(x.data as Float32Array);
    for (let trip = 0; trip < trips; trip++) {
      scope.set('carried', carried);
      for (const { opType, input: names = [], output: [name = ''] = [] } of nodes) {
        const [a = carried, b = carried] = names.map((each) => scope.get(each) ?? carried);
        const apply: Record<string, (u: number, v: number) => number> = {
          Tanh: Math.tanh,
          Sigmoid: (u) => 1 / (1 + Math.exp(-u)),
          Neg: (u) => -u,
          Add: (u, v) => u + v,
          Mul: (u, v) => u * v,
        };
        scope.set(
          name,
          a.map((u, i) => apply[opType ?? '']?.(u, b[i] ?? 0) ?? Number.NaN),
        );
      }
      carried = Float32Array.from(scope.get(last) ?? []);
    }
    carried.forEach((value, i) => {
      const wanted = branch ? -value : Math.abs(value);
      for (const y of [plain, simple]) {
        const distance = Math.abs(Number(y?.data[i]) - wanted);
        assert.ok(distance <= 1e-4 * Math.max(1, Math.abs(wanted)) || !Number.isFinite(wanted), printGraph(after));
      }
    });
    const steady = new Set<string>(['x', ...after.initializers.keys()]);
    const seen = new Set<string>();
    for (const { op, inputs, outputs } of after.nodes) {
      if (!inputs.every((name) => steady.has(name))) continue;
      const key = `${JSON.stringify(op)} ${inputs.join()}`;
      assert.ok(!seen.has(key), `computed twice: ${key}\n${printGraph(after)}`);
      seen.add(key);
      for (const name of outputs) steady.add(name);
    }
  });
  fc.assert(law, { numRuns: 150, seed: 31 });
});
