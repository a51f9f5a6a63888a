/** Broken and hostile models end in a clear error, or run: never in another kind of error, and never in one that shows raw names. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  exportOnnx,
  type Graph,
  importOnnx,
  interpret,
  OnnxImportError,
  printGraph,
  simplify,
  validateGraph,
  zeros,
} from '@tinypareto/evaluators';
import { malformedCases } from '../../support/malformed.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const skip = skipWithoutShared();
const CONTROL_CHARACTER = /\p{Cc}/u;

function runThrough(graph: Graph): void {
  validateGraph(simplify(graph));
  interpret(graph, new Map(graph.inputs.map(({ name, dtype, shape }) => [name, zeros(dtype, shape)])));
  importOnnx(exportOnnx(graph));
  assert.doesNotMatch(printGraph(graph).replaceAll('\n', ' '), CONTROL_CHARACTER);
}

function rejection(bytes: Uint8Array): OnnxImportError | undefined {
  try {
    runThrough(importOnnx(bytes));
    return undefined;
  } catch (error) {
    if (!(error instanceof OnnxImportError)) throw error;
    return error;
  }
}

for (const { file, category, note, expect, bytes } of skip ? [] : malformedCases()) {
  test(`${file} (${category}, ${JSON.stringify(note)}): ${expect}`, () => {
    const error = rejection(bytes);
    if (expect === 'reject') assert.ok(error !== undefined, 'it was accepted');
    if (error === undefined) return;
    assert.ok(error.problems.length > 0);
    for (const { message, where, hint } of error.problems) {
      assert.ok(message !== '' && where !== '' && hint !== '');
      assert.doesNotMatch(`${message}${where}${hint}`, CONTROL_CHARACTER);
    }
  });
}

test('random damage to a model is rejected or harmless', { skip }, () => {
  const original = modelBytes('har', 'har-gru');
  let state = 12345;
  const random = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < 400; round++) {
    const bytes = Uint8Array.from(original);
    for (let flips = 1 + random(6); flips > 0; flips--) bytes[random(bytes.length)] = random(256);
    rejection(round % 3 === 0 ? bytes.slice(0, random(bytes.length)) : bytes);
  }
});
