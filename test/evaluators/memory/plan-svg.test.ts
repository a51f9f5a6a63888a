import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeXml, planSvg } from '../../../evaluators/memory/plan-svg.ts';

const buffer = (id: string, lower: number, upper: number, sizeBytes: number, offset: number) => {
  return { id, lower, upper, sizeBytes, offset };
};

test('each buffer is a rectangle of its lifetime and place', () => {
  const svg = planSvg({
    buffers: [buffer('a', 0, 2, 50, 0), buffer('b', 2, 4, 100, 0)],
    peakBytes: 100,
    lowerBoundBytes: 100,
  });
  const rectangles = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)].map(
    (match) => match.slice(1).map(Number),
  );
  assert.equal(rectangles.length, 2);
  const [[ax = 0, ay = 0, aw = 0, ah = 0] = [], [bx = 0, by = 0, bw = 0, bh = 0] = []] = rectangles;
  assert.equal(ax + aw, bx);
  assert.equal(aw, bw);
  assert.equal(bh, 2 * ah);
  assert.equal(ay + ah, by + bh);
});

test('no name can end the text it stands in', () => {
  const hostile = '"/><script>alert(1)</script>&\u0000\ud800';
  assert.equal(escapeXml(hostile), '&quot;/&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;??');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      const svg = planSvg({
        buffers: [{ ...buffer('x', 0, 1, 4, 0), title: name, id: name }],
        peakBytes: 4,
        lowerBoundBytes: 4,
      });
      const plain = planSvg({ buffers: [buffer('', 0, 1, 4, 0)], peakBytes: 4, lowerBoundBytes: 4 });
      const tags = (text: string) => text.match(/<[a-z/][^>]*>/g)?.length;
      // A name adds at most one text element, and no tag of its own.
      assert.ok([0, 2].includes((tags(svg) ?? 0) - (tags(plain) ?? 0)));
    }),
    { seed: 3, numRuns: 40 },
  );
});

test('an empty plan is a picture too', () => {
  assert.match(planSvg({ buffers: [], peakBytes: 0, lowerBoundBytes: 0 }), /^<svg [\s\S]*<\/svg>\n$/);
});
