/**
 * Campaign files: YAML (or JSON), checked against the same schema as `POST /v1/studies`. Every problem names the file, line and key, what
 * was expected, and the nearest known key. Files that it names are resolved from its own folder.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import type { DatasetSpec } from '../contract/dataset.ts';
import { type StudyDefinition, StudyDefinitionSchema } from '../contract/study.ts';
import { findIssues } from '../contract/validate.ts';
import { EXIT, UserError } from '../errors.ts';

export interface Campaign {
  readonly file: string;
  readonly definition: StudyDefinition;
  /** Absolute path of the model file; null for an external study or a sha256. */
  readonly modelFile: string | null;
  /** Adds file and line to an error that names a key of the campaign. */
  locate(error: UserError): UserError;
}

const SHA256 = /^[0-9a-f]{64}$/;

/** Throws UserError: BAD_YAML, UNKNOWN_KEY, MISSING_KEY, WRONG_TYPE, BAD_VALUE or MISSING_INPUT. */
export function readCampaign(file: string): Campaign {
  const lines = new LineCounter();
  const document = parseDocument(readFileSync(file, 'utf8'), { lineCounter: lines, prettyErrors: true });
  const [fault] = document.errors;
  if (fault !== undefined) {
    throw new UserError({
      code: 'BAD_YAML',
      message: fault.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '') ?? 'not YAML',
      where: `${file}:${fault.linePos?.[0].line ?? 1}`,
    });
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const locate = (error: UserError): UserError => withLine(error, file, document, lines);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UserError({ code: 'BAD_YAML', message: 'a campaign is a list of key: value pairs', where: `${file}:1` });
  }
  const issues = findIssues(StudyDefinitionSchema, value);
  const [first] = issues;
  if (first !== undefined) {
    const rest = issues.slice(1).map((issue) => {
      const hint = issue.hint === undefined ? '' : ` (${issue.hint})`;
      return `also ${place(file, document, lines, issue.where)}: ${issue.message}${hint}`;
    });
    const hints = [...(first.hint === undefined ? [] : [first.hint]), ...rest];
    throw locate(
      new UserError({
        code: first.code,
        message: first.message,
        where: first.where,
        ...(hints.length === 0 ? {} : { hint: hints.join('\n') }),
      }),
    );
  }
  const { definition, modelFile } = resolveFiles(value as StudyDefinition, path.dirname(path.resolve(file)), locate);
  return { file, definition, modelFile, locate };
}

function resolveFiles(
  definition: StudyDefinition,
  folder: string,
  locate: (error: UserError) => UserError,
): { definition: StudyDefinition; modelFile: string | null } {
  const { evaluation } = definition;
  if (evaluation === undefined) return { definition, modelFile: null };
  const existing = (name: string, where: string): string => {
    if (SHA256.test(name)) return name;
    const full = path.resolve(folder, name);
    if (existsSync(full)) return full;
    throw locate(
      new UserError({
        code: 'MISSING_INPUT',
        message: `${where}: there is no file ${JSON.stringify(name)}`,
        where,
        hint: `looked for ${full}; paths are relative to the campaign file`,
        exitCode: EXIT.missingInput,
      }),
    );
  };
  const model = existing(evaluation.model, 'evaluation.model');
  const dataset =
    typeof evaluation.dataset === 'string' ? evaluation.dataset : resolveDataset(evaluation.dataset, existing);
  return {
    definition: { ...definition, evaluation: { ...evaluation, model, dataset } },
    modelFile: SHA256.test(model) ? null : model,
  };
}

const FILE_KEYS = ['images', 'labels', 'file'] as const;

/** The description with absolute paths; `images` and `labels` of an .npz are names inside the archive and stay. */
export function resolveDataset(dataset: DatasetSpec, existing: (name: string, where: string) => string): DatasetSpec {
  if (dataset.kind === 'builtin') return dataset;
  const keys = FILE_KEYS.filter((key) => dataset.kind !== 'npz' || key === 'file');
  const resolve = (part: Record<string, unknown>, where: string): Record<string, unknown> => {
    const resolved = { ...part };
    for (const key of keys) {
      const name = part[key];
      if (typeof name === 'string') resolved[key] = existing(name, `${where}.${key}`);
    }
    return resolved;
  };
  const whole = resolve({ ...dataset }, 'evaluation.dataset');
  const test = dataset.test === undefined ? {} : { test: resolve({ ...dataset.test }, 'evaluation.dataset.test') };
  return { ...whole, ...test } as DatasetSpec;
}

function withLine(error: UserError, file: string, document: Document, lines: LineCounter): UserError {
  return new UserError({
    code: error.code,
    message: error.message,
    where: place(file, document, lines, error.where ?? ''),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    status: error.status,
    exitCode: error.exitCode,
  });
}

/** `campaign.yaml:7 (space[0].low)` */
function place(file: string, document: Document, lines: LineCounter, where: string): string {
  const steps = [...where.matchAll(/\["([^"]*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, key]) =>
    index === undefined ? (quoted ?? key ?? '') : Number(index),
  );
  const offset = offsetOf(document, steps);
  const line = offset === undefined ? 1 : lines.linePos(offset).line;
  return `${file}:${line}${where === '' ? '' : ` (${where})`}`;
}

/** Start of the deepest key on the path that is in the document. */
function offsetOf(document: Document, steps: readonly (string | number)[]): number | undefined {
  let node: unknown = document.contents;
  let offset = isNode(node) ? node.range?.[0] : undefined;
  for (const step of steps) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      offset = (isNode(pair.key) ? pair.key.range?.[0] : undefined) ?? offset;
      node = pair.value;
    } else {
      node = document.getIn(steps.slice(0, steps.indexOf(step) + 1), true);
      if (!isNode(node)) return offset;
      offset = node.range?.[0] ?? offset;
    }
  }
  return offset;
}
