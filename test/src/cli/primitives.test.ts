import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { listBoards } from '../../../src/runner/board-specs.ts';
import { errorOf, runCli, temporaryFolder } from '../../support/run-cli.ts';
import { sharedPath, skipWithoutShared } from '../../support/shared.ts';

describe('hypervolume and front of a table', () => {
  it('gives the area dominated up to the reference', async (test) => {
    const file = path.join(temporaryFolder(test), 'points.csv');
    writeFileSync(file, 'f1,f2\n0,1\n1,0\n0.5,0.5\n1,1\n');
    const volume = await runCli(['hypervolume', file, '--reference', '2,2', '--json']);
    assert.deepEqual(JSON.parse(volume.stdout), { value: 3.25, points: 4, nondominated: 3 });
    const front = JSON.parse((await runCli(['front', file, '--json'])).stdout) as { front: { line: number }[] };
    assert.deepEqual(front.front.map((point) => point.line).sort(), [2, 3, 4]);
  });

  it('names the line and column of a cell that is no number', async (test) => {
    const file = path.join(temporaryFolder(test), 'points.csv');
    writeFileSync(file, 'f1,f2\n0,1\n1,zero\n');
    const result = await runCli(['hypervolume', file, '--reference', '2,2', '--json']);
    assert.equal(result.code, 65);
    assert.deepEqual([errorOf(result).code, errorOf(result).where], ['BAD_CSV', `${file}:3`]);
    assert.match(errorOf(result).message, /column f2 is "zero"/);
  });

  it('refuses a reference of another dimension', async (test) => {
    const file = path.join(temporaryFolder(test), 'points.csv');
    writeFileSync(file, '0,1\n');
    const result = await runCli(['hypervolume', file, '--reference', '2,2,2', '--json']);
    assert.equal(errorOf(result).code, 'DIMENSION_MISMATCH');
  });
});

describe('plan', () => {
  it('places buffers that live together apart, and says when they do not fit', async (test) => {
    const file = path.join(temporaryFolder(test), 'buffers.csv');
    writeFileSync(file, 'id,lower,upper,size\n0,0,2,10\n1,1,3,20\n2,3,4,30\n');
    const fits = await runCli(['plan', file, '--capacity', '30', '--json']);
    const plan = JSON.parse(fits.stdout) as {
      feasible: boolean;
      peak: number;
      lowerBound: number;
      optimal: boolean;
      buffers: { id: number; lower: number; upper: number; size: number; offset: number }[];
    };
    assert.deepEqual([fits.code, plan.feasible, plan.peak, plan.lowerBound, plan.optimal], [0, true, 30, 30, true]);
    const [a, b] = plan.buffers;
    assert.ok(a.offset + a.size <= b.offset || b.offset + b.size <= a.offset);
    const tight = await runCli(['plan', file, '--capacity', '29', '--json']);
    assert.deepEqual([tight.code, (JSON.parse(tight.stdout) as { feasible: boolean }).feasible], [70, false]);
  });

  it('prints the same CSV with offsets', async (test) => {
    const file = path.join(temporaryFolder(test), 'buffers.csv');
    writeFileSync(file, 'id,lower,upper,size\n7,0,2,10\n');
    assert.equal((await runCli(['plan', file])).stdout, 'id,lower,upper,size,offset\n7,0,2,10,0\n');
  });

  it('places buffers in banks, bound ones in theirs', async (test) => {
    const file = path.join(temporaryFolder(test), 'buffers.csv');
    writeFileSync(file, 'id,lower,upper,size,pool\n0,0,2,10,\n1,0,2,20,\n2,1,3,4,slow\n');
    const fits = await runCli(['plan', file, '--banks', 'fast=20,slow=14']);
    assert.equal(fits.stdout, 'id,lower,upper,size,offset,pool\n0,0,2,10,0,slow\n1,0,2,20,0,fast\n2,1,3,4,10,slow\n');
    const tight = await runCli(['plan', file, '--banks', 'fast=20,slow=13', '--json']);
    assert.deepEqual([tight.code, (JSON.parse(tight.stdout) as { feasible: boolean }).feasible], [70, false]);
    const unknown = await runCli(['plan', file, '--banks', '20,14', '--json']);
    assert.equal(errorOf(unknown).code, 'UNKNOWN_BANK');
  });

  it('names the line of a buffer with an empty lifetime', async (test) => {
    const file = path.join(temporaryFolder(test), 'buffers.csv');
    writeFileSync(file, 'id,lower,upper,size\n0,2,2,10\n');
    const result = await runCli(['plan', file, '--json']);
    assert.deepEqual([result.code, errorOf(result).where], [65, `${file}:2`]);
  });
});

describe('usage', () => {
  it('answers an unknown command with exit code 2 and a suggestion', async () => {
    const result = await runCli(['hypervolum', 'x', '--json']);
    assert.deepEqual([result.code, errorOf(result).code], [2, 'USAGE']);
    assert.match(errorOf(result).message, /hypervolume/);
  });

  it('answers a missing file with exit code 66', async () => {
    const result = await runCli(['plan', '/nowhere/buffers.csv', '--json']);
    assert.deepEqual([result.code, errorOf(result).code], [66, 'FILE_NOT_FOUND']);
  });

  it('prints errors on stderr without --json', async () => {
    const result = await runCli(['plan', '/nowhere/buffers.csv']);
    assert.equal(result.stdout, '');
    assert.match(result.stderr, /FILE_NOT_FOUND/);
  });
});

describe('values of options', () => {
  it('are wrong usage, whoever finds it out', async (test) => {
    const out = temporaryFolder(test);
    const commands = [
      ['plan', 'net.onnx', '--board', 'picoo'],
      ['measure', 'net.onnx', '--board', 'host', '--runs', '3'],
      ['infer', 'net.onnx', '--input', 'x.npy', '--engine', 'picoo'],
      ['compile', 'net.onnx', '--board', 'pico', '--out', out, '--format', 'int7'],
    ];
    for (const args of commands) {
      const result = await runCli([...args, '--json']);
      assert.equal(result.code, 2, args.join(' '));
      assert.match(errorOf(result).where ?? '', /^--/, args.join(' '));
    }
  });

  it('are listed from the boards that there are', async () => {
    const help = (await runCli(['measure', '--help'])).stdout;
    for (const { name } of listBoards()) assert.ok(help.includes(name), name);
  });
});

describe('models on the command line', { skip: skipWithoutShared() }, () => {
  it('names a board that does not exist, and the nearest', async (test) => {
    const model = sharedPath('models', 'lenet', 'lenet5-classic.int8-pc.onnx');
    const result = await runCli(['compile', model, '--board', 'pcio', '--out', temporaryFolder(test), '--json']);
    assert.deepEqual([result.code, errorOf(result).code], [2, 'UNKNOWN_BOARD']);
    assert.match(errorOf(result).hint ?? '', /did you mean "pico"/);
  });

  it('writes the network before and after each rewriting', async (test) => {
    const model = sharedPath('models', 'har', 'har-cnn1d.onnx');
    const [out, stages] = [temporaryFolder(test), temporaryFolder(test)];
    const args = [
      'compile',
      model,
      '--board',
      'nano33ble',
      '--out',
      out,
      '--no-link',
      '--dump-passes',
      stages,
      '--json',
    ];
    assert.equal((await runCli(args)).code, 0);
    const files = readdirSync(stages);
    assert.equal(files[0], '00-input.txt');
    assert.ok(files.length > 2);
    assert.match(readFileSync(path.join(stages, '00-input.txt'), 'utf8'), /BatchNormalization/);
    const last = files.at(-1) ?? '';
    assert.doesNotMatch(readFileSync(path.join(stages, last), 'utf8'), /= BatchNormalization/);
  });

  it('plans the memory of a model with the names of its values', async () => {
    const model = sharedPath('models', 'har', 'har-cnn1d.onnx');
    const result = await runCli(['plan', model, '--board', 'pico']);
    assert.equal(result.code, 0);
    const [head = '', ...rows] = result.stdout.trim().split('\n');
    assert.equal(head, 'id,lower,upper,size,offset,name');
    assert.match(rows[0] ?? '', /,input input$/);
  });

  it('says which data set may have been meant', async (test) => {
    const model = sharedPath('models', 'har', 'har-cnn1d.onnx');
    const args = ['train', model, '--dataset', 'mnisst', '--out', temporaryFolder(test), '--json'];
    const result = await runCli(args);
    assert.deepEqual([result.code, errorOf(result).where], [2, '--dataset']);
    assert.match(errorOf(result).hint ?? '', /did you mean "mnist"/);
  });

  it('says that a file is no model', async (test) => {
    const file = path.join(temporaryFolder(test), 'cut.onnx');
    writeFileSync(file, 'this is not ONNX');
    const result = await runCli(['compile', file, '--board', 'pico', '--out', temporaryFolder(test), '--json']);
    assert.equal(result.code, 65);
    assert.match(errorOf(result).where ?? '', /cut\.onnx/);
  });
});
