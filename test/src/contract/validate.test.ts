import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CompressionPlan } from '../../../evaluators/index.ts';
import type { Parameter, Params } from '../../../optimizer/index.ts';
import type { CompressionPlanSpec } from '../../../src/contract/compression-plan.ts';
import type { ParameterSpec, WireParams } from '../../../src/contract/parameter.ts';
import { TellBatchItemSchema } from '../../../src/contract/requests.ts';
import { StudyDefinitionSchema } from '../../../src/contract/study.ts';
import { editDistance, suggestName } from '../../../src/contract/suggest-name.ts';
import { findIssues, InvalidInputError, validate } from '../../../src/contract/validate.ts';
import { makeDefinition } from '../../support/make-study.ts';

const campaign = {
  ...makeDefinition(),
  constraints: ['romBytes <= 1000 kB', { metric: 'ramBytes', op: '<=', bound: 1000 }],
  budget: { trials: 10, stopWhenNoGain: { trials: 3, hypervolumeGain: 0.01 } },
  evaluation: {
    kind: 'compression',
    model: './a.onnx',
    dataset: { kind: 'idx', images: 'i', labels: 'l', test: { images: 'i', labels: 'l' } },
    board: ['pico', 'nano33ble'],
  },
};

const cases: readonly [string, unknown, string, string, RegExp | undefined][] = [
  ['an unknown key', { ...campaign, sampelr: {} }, 'UNKNOWN_KEY', 'sampelr', /did you mean "sampler"/],
  ['an unknown nested key', { ...campaign, budget: { trails: 3 } }, 'UNKNOWN_KEY', 'budget.trails', /"trials"/],
  ['an unknown kind', { ...campaign, sampler: { kind: 'mob' } }, 'BAD_VALUE', 'sampler.kind', /"mobo"/],
  ['a wrong type', { ...campaign, name: 3 }, 'WRONG_TYPE', 'name', undefined],
  ['text for a number', { ...campaign, budget: { trials: '3' } }, 'WRONG_TYPE', 'budget.trials', undefined],
  ['null for a number', { ...campaign, budget: { trials: null } }, 'WRONG_TYPE', 'budget.trials', undefined],
  ['a number out of range', { ...campaign, budget: { trials: 0 } }, 'BAD_VALUE', 'budget.trials', undefined],
  [
    'a missing key',
    { ...campaign, objectives: [{ metric: 'a' }] },
    'MISSING_KEY',
    'objectives[0].direction',
    undefined,
  ],
  [
    'an unknown parameter type',
    { ...campaign, space: [{ name: 'a', type: 'flaot' }] },
    'BAD_VALUE',
    'space[0].type',
    /"float"/,
  ],
  [
    'a fault inside one of several forms',
    { ...campaign, space: [{ name: 'a', type: 'int', low: 0.5, high: 3 }] },
    'WRONG_TYPE',
    'space[0].low',
    undefined,
  ],
  ['a name that looks like an id', { ...campaign, name: 'st_abc' }, 'BAD_VALUE', 'name', undefined],
  ['an array', [], 'WRONG_TYPE', '', undefined],
];

describe('validation against the contract', () => {
  it('accepts a complete campaign', () => {
    assert.deepEqual(findIssues(StudyDefinitionSchema, campaign), []);
  });

  for (const [what, value, code, where, hint] of cases) {
    it(`names the place and the expectation for ${what}`, () => {
      const [issue] = findIssues(StudyDefinitionSchema, value);
      assert.equal(issue?.code, code);
      assert.equal(issue?.where, where);
      if (hint !== undefined) assert.match(issue?.hint ?? '', hint);
    });
  }

  it('explains the nearest form of a union without a fixed key', () => {
    const [issue] = findIssues(TellBatchItemSchema, { parms: {}, metrics: {} });
    assert.match(issue?.hint ?? '', /"params"/);
    assert.equal(findIssues(TellBatchItemSchema, { trial: 'tr_1', metrics: {} })[0]?.where, 'fence');
  });

  it('throws all issues with the first as the message', () => {
    assert.throws(
      () => validate(StudyDefinitionSchema, { ...campaign, a: 1, b: 2 }),
      (error) => error instanceof InvalidInputError && error.issues.length === 2 && /"a"/.test(error.message),
    );
  });

  it('has the static types of the rooms it speaks for', () => {
    // The assignments are the test: they compile only while the types agree.
    const spec: ParameterSpec = { name: 'a', type: 'int', low: 1, high: 2 };
    const parameter: Parameter = spec;
    const wire: WireParams = { a: 1 };
    const params: Params = wire;
    const seed: CompressionPlan['seed'] = ({ seed: 1 } satisfies CompressionPlanSpec).seed;
    assert.deepEqual([parameter.name, params['a'], seed], ['a', 1, 1]);
  });
});

describe('suggested names', () => {
  it('counts swapped letters as one edit', () => {
    assert.equal(editDistance('trails', 'trials'), 1);
    assert.equal(editDistance('', 'abc'), 3);
  });

  it('suggests nothing that is far away', () => {
    assert.equal(suggestName('zzz', ['accuracy', 'romBytes']), undefined);
    assert.equal(suggestName('romBtyes', ['accuracy', 'romBytes', 'ramBytes']), 'romBytes');
  });
});
