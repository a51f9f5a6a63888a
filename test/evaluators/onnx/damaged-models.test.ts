/** A short form of scripts/fuzz-models.ts: damaged models end in one of our errors, or run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DamageRandom, damage, runToTheEnd } from '../../support/damaged-model.ts';
import { modelBytes } from '../../support/reference-io.ts';
import { skipWithoutShared } from '../../support/shared.ts';

const MODELS = [
  ['har', 'har-lstm'],
  ['har', 'har-mlp.int8-pt'],
  ['fuzz-nets', 'fuzz01001'],
  ['fuzz-nets', 'fuzz01007'],
] as const;

for (const [folder, name] of MODELS) {
  test(`damaged ${name}: a clear error or a sound result`, { skip: skipWithoutShared() }, () => {
    const original = modelBytes(folder, name);
    assert.equal(runToTheEnd(original), 'ran');
    for (let seed = 0; seed < 120; seed++) runToTheEnd(damage(original, new DamageRandom(seed)));
  });
}
