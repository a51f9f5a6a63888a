/** `--dataset`: a builtin's name, inline JSON, or a YAML/JSON file whose paths are relative to it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { DatasetSchema, type DatasetSpec } from '../contract/dataset.ts';
import { findIssues } from '../contract/validate.ts';
import { EXIT, UserError } from '../errors.ts';
import { resolveDataset } from './read-campaign.ts';

/** Throws UserError naming the key that is wrong, or the file that is missing. */
export function readDatasetOption(text: string): DatasetSpec | string {
  const isInline = text.trimStart().startsWith('{');
  if (!isInline && !existsSync(text)) return text;
  const document = parseDocument(isInline ? text : readFileSync(text, 'utf8'));
  const where = isInline ? '--dataset' : text;
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new UserError({ code: 'BAD_YAML', message: fault.message.split('\n')[0] ?? 'not YAML', where });
  }
  const value: unknown = document.toJS();
  const [issue] = findIssues(DatasetSchema, value);
  if (issue !== undefined) {
    throw new UserError({
      code: issue.code,
      message: issue.message,
      where: issue.where === '' ? where : `${where} (${issue.where})`,
      ...(issue.hint === undefined ? {} : { hint: issue.hint }),
    });
  }
  const folder = isInline ? '.' : path.dirname(text);
  return resolveDataset(value as DatasetSpec, (name, key) => {
    const full = path.resolve(folder, name);
    if (existsSync(full)) return full;
    throw new UserError({
      code: 'MISSING_INPUT',
      message: `there is no file ${JSON.stringify(name)}`,
      where: `${where} (${key.replace('evaluation.dataset', 'dataset')})`,
      hint: `looked for ${full}`,
      exitCode: EXIT.missingInput,
    });
  });
}
