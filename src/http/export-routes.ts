/** Exports of a study, as attachments. */

import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { StudyView } from '../contract/study.ts';
import { suggestName } from '../contract/suggest-name.ts';
import { UserError } from '../errors.ts';
import type { FileStore } from '../store/file-store.ts';
import { exportOptunaJournal } from '../study/export/optuna-journal.ts';
import { exportOptunaSqlite } from '../study/export/optuna-sqlite.ts';
import { exportArchive } from '../study/export/study-archive.ts';
import { exportCsv, exportJsonl, exportParquet } from '../study/export/trial-rows.ts';
import type { StudyService } from '../study/study-service.ts';
import type { StudyState } from '../study/study-state.ts';
import { problems, StudyPath, security } from './route-schema.ts';

interface Source {
  readonly state: StudyState;
  readonly study: () => Promise<StudyView>;
  readonly files: FileStore;
}

interface Format {
  readonly mediaType: string;
  readonly extension: string;
  readonly content: (source: Source) => Promise<Readable>;
}

/** What is read from a file that is made in a temporary folder, which is gone when the reading has ended or was given up. */
async function fromTemporaryFile(
  name: string,
  write: (file: string) => Promise<void>,
  read: (file: string) => Readable | Promise<Readable>,
): Promise<Readable> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tinypareto-export-'));
  const clean = (): void => {
    rm(folder, { recursive: true, force: true }).catch(() => {});
  };
  const file = path.join(folder, name);
  try {
    await write(file);
    return (await read(file)).on('close', clean);
  } catch (error) {
    clean();
    throw error;
  }
}

const FORMATS: ReadonlyMap<string, Format> = new Map<string, Format>([
  [
    'jsonl',
    {
      mediaType: 'application/x-ndjson',
      extension: 'jsonl',
      content: async ({ state }) => Readable.from(exportJsonl(state)),
    },
  ],
  [
    'csv',
    {
      mediaType: 'text/csv; charset=utf-8; header=present',
      extension: 'csv',
      content: async ({ state }) => Readable.from(exportCsv(state)),
    },
  ],
  [
    'parquet',
    {
      mediaType: 'application/vnd.apache.parquet',
      extension: 'parquet',
      content: async ({ state }) => Readable.from(exportParquet(state)),
    },
  ],
  [
    'optuna-sqlite',
    {
      mediaType: 'application/vnd.sqlite3',
      extension: 'db',
      content: ({ state }) =>
        fromTemporaryFile('study.db', (file) => exportOptunaSqlite(state, file), createReadStream),
    },
  ],
  [
    'optuna-journal',
    {
      mediaType: 'application/x-ndjson',
      extension: 'log',
      content: async ({ state }) => Readable.from(exportOptunaJournal(state)),
    },
  ],
  [
    'zip',
    {
      mediaType: 'application/zip',
      extension: 'zip',
      content: async ({ state, study, files }) => {
        const view = await study();
        return fromTemporaryFile(
          'study.db',
          (file) => exportOptunaSqlite(state, file),
          (file) => Readable.from(exportArchive(state, view, file, files)),
        );
      },
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

async function sendExport(reply: FastifyReply, source: Source, format: Format): Promise<FastifyReply> {
  const name = `${source.state.record.name.replace(/[^A-Za-z0-9._-]/g, '_')}.${format.extension}`;
  return reply
    .header('content-type', format.mediaType)
    .header('content-disposition', `attachment; filename="${name}"`)
    .header('x-content-type-options', 'nosniff')
    .send(await format.content(source));
}

export function exportRoutes(service: StudyService, files: FileStore): FastifyPluginAsyncTypebox {
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
        const { study } = request.params;
        return sendExport(reply, { state: await service.state(study), study: () => service.get(study), files }, format);
      },
    );
  };
}
