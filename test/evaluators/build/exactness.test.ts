/** A sample of what bench/exactness.ts does in full: C on this computer against the interpreter and stored references. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensor, ValueInfo } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { temporaryCache } from '../../support/build-cache.ts';
import { type Case, compareAll, modelCase, modelNames, nodeCases } from '../../support/exactness.ts';
import { nodeCaseNames } from '../../support/onnx-node-case.ts';
import { randomIntegerCases } from '../../support/random-integer-cases.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const noCompiler = isMissing(hostToolchain()) ? 'no C compiler' : false;
const skip = skipWithoutShared() || noCompiler;
const cache = temporaryCache();

/** Cases whose stored outputs ONNX Runtime does not reproduce. */
const EXEMPT = /ceil_mode_is_True$|qlinearmatmul_.*float16$|align_corners$/;

async function assertAgreement(cases: readonly Case[]): Promise<void> {
  for (const result of await compareAll(cases, cache)) {
    assert.equal(result.refused, undefined, result.name);
    assert.deepEqual(result.interpreterAgainstReference, [], result.name);
    assert.deepEqual(result.cAgainstInterpreter, [], result.name);
    assert.deepEqual(result.cAgainstReference, [], result.name);
  }
}

test('operator tests of the ONNX project, every sixth, agree in C', { skip }, async () => {
  const names = nodeCaseNames().sort();
  await assertAgreement(nodeCases(names.filter((name, index) => index % 6 === 1 && !EXEMPT.test(name))));
});

test('random nets, every fifth, agree in C', { skip }, async () => {
  const names = modelNames('fuzz-nets').filter((_name, index) => index % 5 === 0);
  await assertAgreement(names.map((name) => modelCase('fuzz-nets', name, 2)));
});

test('random quantized operators give the same bytes in C', { skip: noCompiler }, async () => {
  await assertAgreement(randomIntegerCases(16, 25));
});

test('a graph that hands out constants and inputs compiles', { skip: noCompiler }, async () => {
  const two: Tensor = { dtype: 'int64', shape: [2], data: BigInt64Array.of(3n, -4n) };
  const x: ValueInfo = { name: 'x', dtype: 'float32', shape: [2] };
  const graph: Case['graph'] = {
    name: 'constants',
    inputs: [x],
    outputs: ['two', 'x'],
    nodes: [],
    initializers: new Map([['two', two]]),
    values: new Map([x, { ...x, name: 'two', dtype: 'int64' } as const].map((info) => [info.name, info])),
  };
  const inputs = new Map<string, Tensor>([['x', { dtype: 'float32', shape: [2], data: Float32Array.of(1, 2) }]]);
  const outputs = new Map([['two', two], ...inputs]);
  await assertAgreement([{ name: 'constants', graph, reference: 'ONNX Runtime', samples: [{ inputs, outputs }] }]);
});
