/** Reads a study from an Optuna SQLite storage, an Optuna journal, or our own JSON lines: the content tells which. */
import type { WireTrial } from '../../contract/trial.ts';
import type { JsonlHeader } from '../export/trial-rows.ts';
import { fromOptuna } from './from-optuna.ts';
import { type ImportedStudy, ownTrial, readDefinition } from './imported-study.ts';
import { badImport, parseJson } from './optuna-study.ts';
import { readOptunaJournal } from './read-optuna-journal.ts';
import { readOptunaSqlite } from './read-optuna-sqlite.ts';

const SQLITE_HEADER = 'SQLite format 3\0';

export interface ImportOptions {
  /** Of a file with several studies. */
  readonly study: string | null;
  /** Of the new study. */
  readonly name: string | null;
}

type Row = Partial<WireTrial> & Partial<JsonlHeader>;

function fromJsonl(lines: readonly string[], name: string | null): ImportedStudy {
  const rows = lines.map((line, i) => parseJson(line, `line ${i + 1}`) as Row);
  const [first] = rows;
  return {
    definition: readDefinition(first?.definition, name),
    trials: rows
      .filter((row) => row.number !== undefined)
      .map((row) => ownTrial(row.number ?? 0, row.params ?? {}, row)),
  };
}

/** Throws `UserError` BAD_IMPORT (422) for anything else. */
export async function readStudyFile(bytes: Uint8Array, { study, name }: ImportOptions): Promise<ImportedStudy> {
  const head = Buffer.from(bytes.subarray(0, SQLITE_HEADER.length)).toString('latin1');
  if (head === SQLITE_HEADER) return fromOptuna(await readOptunaSqlite(bytes, study), name);
  const text = Buffer.from(bytes).toString('utf8');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const [first] = lines;
  if (first?.startsWith('{') !== true)
    throw badImport('the file is no study', 'an Optuna SQLite file or journal, or an export in the format jsonl');
  const row = parseJson(first, 'the first line') as object;
  if ('op_code' in row) return fromOptuna(readOptunaJournal(text, study), name);
  return fromJsonl(lines, name);
}
