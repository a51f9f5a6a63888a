/** Files that scripts write are what the scripts would write now. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

test('docs/operators.md lists the operators of the registries', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/list-operators.ts', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});

const hasProtoc = spawnSync('protoc', ['--version']).status === 0;

test('the protobuf code is generated from onnx.proto', { skip: hasProtoc ? false : 'protoc is not installed' }, () => {
  const { status, stderr } = spawnSync('sh', ['scripts/generate-onnx-proto.sh', '--check'], {
    cwd: root,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
});
