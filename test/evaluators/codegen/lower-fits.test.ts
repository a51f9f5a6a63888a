import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lower } from '../../../evaluators/codegen/lower.ts';
import { fuseQuantized } from '../../../evaluators/compress/fuse-quantized.ts';
import { board } from '../../support/boards.ts';
import { referenceModel } from '../../support/reference-model.ts';
import { skipWithoutShared } from '../../support/shared.ts';

test('kernels that need working memory give way where the board has too little RAM', {
  skip: skipWithoutShared(),
}, () => {
  const graph = fuseQuantized(referenceModel('mlperf-tiny/kws-dscnn.int8-pc').graph);
  const pico = board('pico');
  const fast = lower(graph, pico);
  const small = lower(graph, pico, { kernels: 'reference' });
  assert.ok(small.arenaBytes < fast.arenaBytes);
  for (const ramBytes of [fast.arenaBytes - 1, small.arenaBytes])
    assert.ok(lower(graph, { ...pico, ramBytes }).arenaBytes <= ramBytes);
});
