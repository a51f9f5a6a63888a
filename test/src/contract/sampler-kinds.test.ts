import assert from 'node:assert/strict';
import { it } from 'node:test';
import { SAMPLER_KINDS as implemented } from '@tinypareto/optimizer';
import { SAMPLER_KINDS as accepted } from '../../../src/contract/parameter.ts';

it('accepts every sampler that the optimizer has, and no other', () => {
  assert.deepEqual([...accepted].sort(), [...implemented].sort());
});
