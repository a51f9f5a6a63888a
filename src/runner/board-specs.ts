/** Board types: config/boards/*.yaml, checked against a schema when first used. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { BoardSpec } from '@tinypareto/evaluators';
import { type Static, Type } from 'typebox';
import { parse } from 'yaml';
import { oneOf, strictObject } from '../contract/strict-object.ts';
import { suggestName } from '../contract/suggest-name.ts';
import { findIssues } from '../contract/validate.ts';
import { EXIT, UserError } from '../errors.ts';
import { boardFolder, boardNames } from './board-names.ts';

const BoardSchema = strictObject({
  name: Type.String({ pattern: '^[a-z][a-z0-9-]*$' }),
  title: Type.String(),
  core: oneOf(['cortex-m0plus', 'cortex-m4f', 'host']),
  clockHz: Type.Number({ exclusiveMinimum: 0 }),
  flashBytes: Type.Integer({ minimum: 1 }),
  ramBytes: Type.Integer({ minimum: 1 }),
  ramBanks: Type.Optional(
    Type.Array(
      strictObject({
        name: Type.String({ pattern: '^[a-z][a-z0-9_]*$' }),
        bytes: Type.Integer({ minimum: 8, multipleOf: 8 }),
        address: Type.Optional(Type.Integer({ minimum: 0 })),
        section: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_.]+$' })),
      }),
      { minItems: 1 },
    ),
  ),
  cores: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 })),
  forkJoinCycles: Type.Optional(Type.Number({ minimum: 0 })),
  compilerFlags: Type.Array(Type.String({ pattern: '^-[A-Za-z0-9_=+.,-]+$' })),
  hasFpu: Type.Boolean(),
  hasDsp: Type.Boolean(),
  flashTiming: Type.Optional(
    Type.Union([
      Type.Object({ kind: Type.Literal('dataWait'), cyclesPerWord: Type.Number({ minimum: 0 }) }),
      Type.Object({ kind: Type.Literal('xipCache'), missCycles: Type.Number({ minimum: 0 }) }),
    ]),
  ),
  cycleErrorShare: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
});

let loaded: readonly BoardSpec[] | undefined;

function read(name: string): Static<typeof BoardSchema> {
  const file = `${name}.yaml`;
  const value: unknown = parse(readFileSync(path.join(boardFolder, file), 'utf8'));
  const [issue] = findIssues(BoardSchema, value);
  if (issue !== undefined) {
    throw new UserError({
      code: 'BAD_CONFIG',
      message: issue.message,
      where: `config/boards/${file}`,
      ...(issue.hint === undefined ? {} : { hint: issue.hint }),
    });
  }
  const board = value as Static<typeof BoardSchema>;
  if (board.name !== name) {
    throw new UserError({
      code: 'BAD_CONFIG',
      message: `the board in config/boards/${file} calls itself ${JSON.stringify(board.name)}`,
      where: `config/boards/${file}`,
      hint: 'a board has the name of its file',
    });
  }
  return board;
}

export function listBoards(): readonly BoardSpec[] {
  loaded ??= boardNames().map(read);
  return loaded;
}

/** Throws UserError UNKNOWN_BOARD, naming the nearest and all that there are. */
export function findBoard(name: string, where = 'board'): BoardSpec {
  const boards = listBoards();
  const found = boards.find((board) => board.name === name);
  if (found !== undefined) return found;
  const names = boards.map((board) => board.name);
  const near = suggestName(name, names);
  throw new UserError({
    code: 'UNKNOWN_BOARD',
    message: `there is no board ${JSON.stringify(name)}`,
    where,
    hint: `${near === undefined ? '' : `did you mean "${near}"? `}boards: ${names.join(', ')}`,
    exitCode: EXIT.badInput,
  });
}
