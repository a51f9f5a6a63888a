import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { UserError } from '../../../src/errors.ts';
import { compileExpression, type ExpressionParser, loadExpressionParser } from '../../../src/study/expression.ts';

let parse: ExpressionParser;
before(async () => {
  parse = await loadExpressionParser();
});

const violation = (text: string, metrics: Record<string, number>): number =>
  compileExpression(text, parse).violation(metrics);

function refusal(text: string, known?: ReadonlySet<string>): UserError {
  try {
    compileExpression(text, parse, known ?? null);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`"${text}" was accepted`);
}

describe('constraint expressions', () => {
  it('converts units to the unit in the metric name', () => {
    assert.equal(violation('romBytes <= 1000 kB', { romBytes: 187_655 }), 187_655 - 1_000_000);
    assert.equal(violation('ramBytes <= 256 KiB', { ramBytes: 262_144 }), 0);
    assert.equal(violation('latencyUs <= 50 ms', { latencyUs: 50_001 }), 1);
    assert.equal(violation('latencyMs <= 0.5 s', { latencyMs: 400 }), -100);
    assert.equal(violation('energyUj < 2 mJ', { energyUj: 1500 }), -500);
    assert.ok(Math.abs(violation('accuracy >= 97 percent', { accuracy: 0.98 }) + 0.01) < 1e-12);
    assert.ok(Math.abs(violation('accuracy >= 97%', { accuracy: 0.98 }) + 0.01) < 1e-12);
    assert.equal(violation('latencyUs@pico <= 1 ms', { 'latencyUs@pico': 900 }), -100);
  });

  it('is at most zero exactly where the condition holds', () => {
    assert.ok(violation('a < 1', { a: 1 }) > 0);
    assert.ok(violation('a <= 1', { a: 1 }) <= 0);
    assert.equal(violation('0.9 <= a <= 1', { a: 0.5 }), 0.4);
    assert.equal(violation('a <= 1 and b <= 1', { a: 3, b: 2 }), 2);
    assert.equal(violation('a <= 1 or b <= 1', { a: 3, b: 2 }), 1);
    assert.ok(violation('not (a < 1)', { a: 0.5 }) > 0);
    assert.equal(violation('abs(a - b) <= 0.5', { a: 1, b: 3 }), 1.5);
    assert.equal(violation('max(a, b) + 2 * c - 1 <= 2 ^ 3', { a: 1, b: 2, c: 5 }), 3);
    assert.equal(violation('a == 2', { a: 5 }), 3);
  });

  it('names the metrics that it reads', () => {
    assert.deepEqual(compileExpression('romBytes + ramBytes <= 1 MB', parse).metrics, ['romBytes', 'ramBytes']);
  });

  const refused: readonly [string, RegExp][] = [
    ['x.constructor <= 1', /dot|character/],
    ['x["constructor"] <= 1', /character/],
    ['constructor <= 1', /not a metric/],
    ['__proto__ <= 1', /not a metric|cannot be read/],
    ['toString <= 1', /not a metric/],
    ['f(x) = 1', /not allowed|character/],
    ['a = 1', /not allowed/],
    ['import("fs") <= 1', /character/],
    ['evaluate(a) <= 1', /not allowed/],
    ['createUnit(a) <= 1', /not allowed/],
    ['[1, 2] <= a', /character/],
    ['{a: 1} <= a', /character/],
    ['a:b <= 1', /character/],
    ['a ? 1 : 2', /character/],
    ['a; b <= 1', /character/],
    ['"a" <= 1', /character/],
    ['10! <= a', /not allowed/],
    ['a << 2 <= 1', /not allowed/],
    ['a b <= 1', /not allowed/],
    ['a <= 1e999', /finite/],
    ['a + 1', /not a condition/],
    ['1 <= 2', /names no metric/],
    ['', /is empty/],
    ['a <=', /cannot be read/],
    [`${'('.repeat(200)}a${')'.repeat(200)} <= 1`, /too long|deeply/],
    [`a <= ${'1 + '.repeat(200)}1`, /longer than/],
    [`${'-'.repeat(450)}a <= 1`, /deeply/],
  ];
  for (const [text, message] of refused) {
    it(`refuses ${text.slice(0, 40)}`, () => {
      const error = refusal(text);
      assert.equal(error.code, 'BAD_CONSTRAINT');
      assert.match(error.message, message);
    });
  }

  it('refuses a unit that does not fit the metric', () => {
    assert.match(refusal('romBytes <= 5 ms').message, /bytes.*time/);
    assert.match(refusal('macs <= 5 kB').hint ?? '', /no unit in its name/);
    assert.match(refusal('romBytes + latencyUs <= 5').message, /adds/);
  });

  it('suggests the unit that was meant', () => {
    assert.match(refusal('romBytes <= 1000 KB').hint ?? '', /"kB"/);
    assert.match(refusal('romBytes <= 1000 kb').hint ?? '', /"kB"/);
    assert.match(refusal('latencyUs <= 5 sec').message, /"sec" is not a unit/);
  });

  it('suggests the metric that was meant', () => {
    const error = refusal('romByte <= 5', new Set(['romBytes', 'accuracy']));
    assert.match(error.hint ?? '', /"romBytes"/);
  });
});
