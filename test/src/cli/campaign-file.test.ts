import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readCampaign } from '../../../src/cli/read-campaign.ts';
import { UserError } from '../../../src/errors.ts';
import { temporaryFolder } from '../../support/run-cli.ts';

const GOOD = `name: toy
objectives:
  - {metric: f, direction: minimize}
space:
  - {name: x, type: int, low: 0, high: 9}
budget: {trials: 4}
`;

function refusal(test: { after(body: () => void): void }, text: string): UserError {
  const file = path.join(temporaryFolder(test), 'campaign.yaml');
  writeFileSync(file, text);
  try {
    readCampaign(file);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('the campaign was accepted');
}

describe('campaign files', () => {
  it('accepts a good one', (test) => {
    const file = path.join(temporaryFolder(test), 'campaign.yaml');
    writeFileSync(file, GOOD);
    assert.equal(readCampaign(file).definition.name, 'toy');
  });

  it('names an unknown key with its line and the nearest known one', (test) => {
    const error = refusal(test, GOOD.replace('budget:', 'buget:'));
    assert.equal(error.code, 'UNKNOWN_KEY');
    assert.match(error.where ?? '', /campaign\.yaml:6 \(buget\)/);
    assert.match(error.hint ?? '', /did you mean "budget"/);
  });

  it('names the line inside a list', (test) => {
    const error = refusal(test, GOOD.replace('low: 0', 'low: zero'));
    assert.match(error.where ?? '', /campaign\.yaml:5 \(space\[0\]\.low\)/);
  });

  it('reports all faults at once', (test) => {
    const error = refusal(test, GOOD.replace('budget:', 'buget:').replace('minimize', 'minimise'));
    assert.match(error.hint ?? '', /also .*campaign\.yaml:/);
  });

  it('names the line of a YAML fault', (test) => {
    const error = refusal(test, 'name: [unclosed\nobjectives: 3\n');
    assert.equal(error.code, 'BAD_YAML');
    assert.match(error.where ?? '', /campaign\.yaml:\d+/);
  });

  it('names a model file that is not there', (test) => {
    const error = refusal(
      test,
      `${GOOD}evaluation: {kind: compression, model: ./none.onnx, dataset: mnist, board: pico}\n`,
    );
    assert.deepEqual([error.code, error.exitCode], ['MISSING_INPUT', 66]);
    assert.match(error.where ?? '', /campaign\.yaml:7/);
  });

  it('survives an alias bomb', (test) => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n`;
    const file = path.join(temporaryFolder(test), 'campaign.yaml');
    writeFileSync(file, bomb);
    assert.throws(() => readCampaign(file));
  });
});
