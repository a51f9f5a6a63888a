/** The committed WebAssembly is what the C sources make, and both builds of the engine agree. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../../../evaluators/train/engine.ts';
import { compileTraining } from '../../../evaluators/train/training-program.ts';
import { lenet } from './net.ts';

test('engine.wasm matches its sources (where clang 14 is installed)', (t) => {
  const script = fileURLToPath(new URL('../../../scripts/build-engine.sh', import.meta.url));
  const { status, stdout } = spawnSync('sh', [script, '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
  t.diagnostic(stdout.trim());
});

test('native and WebAssembly engines take the same training step', (t) => {
  if (createEngine().kind !== 'native') {
    t.skip('no C compiler here');
    return;
  }
  const [a, b] = (['wasm', 'native'] as const).map((engine) => {
    const program = compileTraining(lenet(6, 10, 16), { batch: 5, engine });
    for (let i = 0; i < program.input.length; i++) program.input[i] = Math.sin(i * 0.7);
    for (let row = 0; row < 5; row++) program.target[row * 10 + row] = 1;
    const loss = program.forward();
    program.backward();
    return { loss, gradients: program.gradients };
  });
  assert.ok(Math.abs(a.loss - b.loss) < 1e-5);
  for (const [name, gradient] of a.gradients) {
    const other = b.gradients.get(name) ?? new Float32Array();
    const size = gradient.reduce((top, v) => Math.max(top, Math.abs(v)), 0);
    gradient.forEach((v, i) => {
      assert.ok(Math.abs(v - other[i]) <= 1e-4 * size, `${name}[${i}]: ${v} and ${other[i]}`);
    });
  }
});
