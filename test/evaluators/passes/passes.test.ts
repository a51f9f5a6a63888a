/** Laws of the passes on random graphs: what a graph computes stays, the graph stays sound, and a second run finds nothing to do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Graph,
  interpret,
  printGraph,
  SIMPLIFY_PASSES,
  simplify,
  type Tensor,
  validateGraph,
} from '@tinypareto/evaluators';
import fc from 'fast-check';
import { choices, noise, randomGraph } from '../../support/random-graph.ts';
import { relativeError } from '../../support/reference-io.ts';

/** Passes that change how numbers are rounded; all others must leave every bit alone. */
const REROUNDING: ReadonlySet<string> = new Set(['dead-channels', 'fold-affine', 'fuse-pad']);

function outputsOf(graph: Graph, seed: number): Tensor[] {
  const feeds = new Map(graph.inputs.map((info) => [info.name, { ...info, data: noise(seed, 144) } as Tensor]));
  const results = interpret(graph, feeds);
  return graph.outputs.map((name) => results.get(name) ?? assert.fail(`no output ${name}`));
}

/** Division by values near zero makes the largest outputs huge; then nothing sensible can be compared. */
function comparable(outputs: readonly Tensor[]): boolean {
  return outputs.every(({ data }) => Array.prototype.every.call(data, (value) => Math.abs(Number(value)) < 1e6));
}

function assertSame(before: Graph, after: Graph, tolerance: number): void {
  validateGraph(after);
  assert.deepEqual(after.outputs, before.outputs);
  assert.deepEqual(after.inputs, before.inputs);
  const expected = outputsOf(before, 7);
  if (!comparable(expected)) return;
  outputsOf(after, 7).forEach((actual, i) => {
    const wanted = expected[i] ?? assert.fail();
    assert.deepEqual(actual.shape, wanted.shape);
    const error = relativeError(actual, wanted);
    assert.ok(error <= tolerance, `relative error ${error}\n${printGraph(before)}\n${printGraph(after)}`);
  });
}

for (const pass of new Set(SIMPLIFY_PASSES)) {
  test(`${pass.name} keeps what a graph computes`, () => {
    const law = fc.property(choices, (list) => {
      const graph = randomGraph(list);
      assertSame(graph, pass.run(graph), REROUNDING.has(pass.name) ? 1e-4 : 0);
    });
    fc.assert(law, { numRuns: 150, seed: 11 });
  });
}

test('simplify keeps what a graph computes', () => {
  fc.assert(
    fc.property(choices, (list) => {
      const graph = randomGraph(list);
      assertSame(graph, simplify(graph), 1e-4);
    }),
    { numRuns: 400, seed: 5 },
  );
});

test('simplify finds nothing more to do in its own result', () => {
  fc.assert(
    fc.property(choices, (list) => {
      const once = simplify(randomGraph(list));
      assert.equal(printGraph(simplify(once)), printGraph(once));
    }),
    { numRuns: 150, seed: 3 },
  );
});

test('the dump shows the graph before, and after each pass that changed it', () => {
  const stages: string[] = [];
  const graph = randomGraph([
    [0, 0, 1, 0],
    [3, 1, 0, 0],
  ]);
  simplify(graph, { dump: (stage, text) => stages.push(`${stage}: ${text.split('\n').length}`) });
  assert.equal(stages[0]?.split(':')[0], 'input');
  assert.ok(stages.some((stage) => stage.startsWith('1-fuse-clamp')));
});
