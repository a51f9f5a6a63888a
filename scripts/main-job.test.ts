/** The short main job of continuous integration: the demo campaign with a small budget, run as a user would run it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

it('finds a Pareto front of LeNet on MNIST for the Pico', () => {
  const data = mkdtempSync(path.join(tmpdir(), 'tinypareto-main-job-'));
  try {
    const result = spawnSync('npm', ['run', '--silent', 'demo', '--', '--json', '--trials', '8', '--data', data], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    assert.equal(result.status, 0, result.stderr.slice(-4000));
    const answer = JSON.parse(result.stdout) as {
      trials: number;
      front: { metrics: { accuracy: { mean: number } } }[];
    };
    assert.ok(answer.trials >= 8, `${answer.trials} trials`);
    assert.ok(answer.front.length >= 1);
    assert.ok(Math.max(...answer.front.map((point) => point.metrics.accuracy.mean)) >= 0.97);
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});
