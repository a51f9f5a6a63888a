/** Exports of a study, as attachments. */

import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { suggestName } from '../contract/suggest-name.ts';
import { UserError } from '../errors.ts';
import { exportOptunaSqlite } from '../study/export/optuna-sqlite.ts';
import { exportCsv, exportJsonl } from '../study/export/trial-rows.ts';
import type { StudyService } from '../study/study-service.ts';
import type { StudyState } from '../study/study-state.ts';
import { problems, StudyPath, security } from './route-schema.ts';

interface Format {
  readonly mediaType: string;
  readonly extension: string;
  readonly content: (state: StudyState) => Promise<Readable>;
}

/** A file made in a temporary folder, gone when it has been read or given up. */
async function temporaryFile(name: string, write: (file: string) => Promise<void>): Promise<Readable> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tinypareto-export-'));
  const clean = (): void => {
    rm(folder, { recursive: true, force: true }).catch(() => {});
  };
  try {
    await write(path.join(folder, name));
  } catch (error) {
    clean();
    throw error;
  }
  return createReadStream(path.join(folder, name)).on('close', clean);
}

const FORMATS: ReadonlyMap<string, Format> = new Map([
  [
    'jsonl',
    {
      mediaType: 'application/x-ndjson',
      extension: 'jsonl',
      content: async (state: StudyState) => Readable.from(exportJsonl(state)),
    },
  ],
  [
    'csv',
    {
      mediaType: 'text/csv; charset=utf-8; header=present',
      extension: 'csv',
      content: async (state: StudyState) => Readable.from(exportCsv(state)),
    },
  ],
  [
    'optuna-sqlite',
    {
      mediaType: 'application/vnd.sqlite3',
      extension: 'db',
      content: (state: StudyState) => temporaryFile('study.db', (file) => exportOptunaSqlite(state, file)),
    },
  ],
]);

function findFormat(name: string): Format {
  const format = FORMATS.get(name);
  if (format !== undefined) return format;
  const known = [...FORMATS.keys()];
  const near = suggestName(name, known);
  throw new UserError({
    code: 'UNKNOWN_FORMAT',
    message: `there is no export format "${name.slice(0, 50)}"`,
    where: 'query.format',
    hint: near === undefined ? `formats: ${known.join(', ')}` : `did you mean "${near}"?`,
  });
}

async function sendExport(reply: FastifyReply, state: StudyState, format: Format): Promise<FastifyReply> {
  const name = `${state.record.name.replace(/[^A-Za-z0-9._-]/g, '_')}.${format.extension}`;
  return reply
    .header('content-type', format.mediaType)
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('x-content-type-options', 'nosniff')
    .send(await format.content(state));
}

export function exportRoutes(service: StudyService): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/studies/:study/export',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'exportStudy',
          tags: ['files'],
          summary: `The study as a file: ${[...FORMATS.keys()].join(', ')}`,
          security,
          params: StudyPath,
          querystring: Type.Object({ format: Type.Optional(Type.String({ maxLength: 50 })) }),
          response: {
            200: { description: 'The file', content: { 'application/octet-stream': { schema: Type.String() } } },
            ...problems,
          },
        },
      },
      async (request, reply) => {
        const format = findFormat(request.query.format ?? 'jsonl');
        return sendExport(reply, await service.state(request.params.study), format);
      },
    );
  };
}
