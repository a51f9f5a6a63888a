/** Everything of a study in one ZIP archive: the study, its trials in every format, and the files that their evaluations produced. */
import { readFile } from 'node:fs/promises';
import { ZipWriter } from '@tinypareto/evaluators';
import type { StudyView } from '../../contract/study.ts';
import type { FileStore } from '../../store/file-store.ts';
import type { StudyState } from '../study-state.ts';
import { viewFront } from '../view.ts';
import { exportOptunaJournal } from './optuna-journal.ts';
import { exportCsv, exportJsonl, exportParquet } from './trial-rows.ts';

const text = (lines: Iterable<string>): Buffer => Buffer.from([...lines].join(''));

/** `database` is the study as an Optuna SQLite file. Files that are gone are left out. One file at a time is in memory. */
export async function* exportArchive(
  state: StudyState,
  study: StudyView,
  database: string,
  files: FileStore,
): AsyncGenerator<Uint8Array> {
  const writer = new ZipWriter();
  const trials = [...state.trials];
  yield writer.add({
    name: 'study.json',
    bytes: Buffer.from(`${JSON.stringify({ study, front: viewFront(state) }, null, 2)}\n`),
  });
  yield writer.add({ name: 'trials.jsonl', bytes: text(exportJsonl(state)) });
  yield writer.add({ name: 'trials.csv', bytes: text(exportCsv(state)) });
  yield writer.add({ name: 'trials.parquet', bytes: Buffer.concat([...exportParquet(state)]) });
  yield writer.add({ name: 'optuna-journal.log', bytes: text(exportOptunaJournal(state)) });
  yield writer.add({ name: 'optuna.db', bytes: await readFile(database) });
  for (const { number, artifacts } of trials)
    for (const { name, sha256 } of artifacts)
      if (await files.has(sha256))
        yield writer.add({ name: `artifacts/trial-${number}/${name}`, bytes: await readFile(files.pathOf(sha256)) });
  yield writer.end();
}
