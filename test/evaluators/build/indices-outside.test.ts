/** Indices that come with the input may lie outside their table: the generated C then reads and writes nothing beyond it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Graph, lower, type Op, tensor } from '@tinypareto/evaluators';
import { hostToolchain, isMissing } from '../../../evaluators/build/toolchain.ts';
import { board } from '../../support/boards.ts';
import { buildHostBatch } from '../../support/host-batch.ts';
import { GraphWriter } from '../../support/unrolled-layers.ts';

const TABLE = [10, 20, 30, 40];

function network(op: Op, indexShape: readonly number[], updates?: readonly number[]): Graph {
  const g = new GraphWriter();
  const x = g.input('x', 4);
  const at = g.input('at', ...indexShape);
  const indices = g.emit({ kind: 'Cast', to: 'int64', saturate: true }, at);
  const values =
    updates === undefined ? [] : [g.constant(tensor('float32', indexShape.slice(0, 1), Float32Array.from(updates)))];
  return g.finish([g.emit(op, x, indices, ...values)]);
}

const CASES: readonly (readonly [string, Graph, readonly number[], readonly number[]])[] = [
  ['Gather', network({ kind: 'Gather', axis: 0 }, [3]), [1, 4, -5], [20, 0, 0]],
  ['GatherElements', network({ kind: 'GatherElements', axis: 0 }, [3]), [-1, 99, -99], [40, 0, 0]],
  ['GatherND', network({ kind: 'GatherND', batchDims: 0 }, [3, 1]), [2, 1e6, -1e6], [30, 0, 0]],
  [
    'ScatterElements',
    network({ kind: 'ScatterElements', axis: 0, reduction: 'none' }, [3], [1, 2, 3]),
    [0, 4, -5],
    [1, 20, 30, 40],
  ],
  ['ScatterND', network({ kind: 'ScatterND', reduction: 'none' }, [3, 1], [1, 2, 3]), [3, 1e6, -1e6], [10, 20, 30, 1]],
];

test('indices outside a table give zeros and write nothing', {
  skip: isMissing(hostToolchain()) ? 'no C compiler' : false,
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'dnnrt-indices-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const programs = CASES.map(([, graph], i) => lower(graph, board('host'), { prefix: `n${i}` }));
  const batch = await buildHostBatch(programs, folder);
  const bytes = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
  for (const [i, [name, , indices, wanted]] of CASES.entries()) {
    const [[output = new Uint8Array()] = []] = await batch.run(i, [[bytes(TABLE), bytes(indices)]]);
    assert.deepEqual([...new Float32Array(output.slice().buffer)], wanted, name);
  }
});
