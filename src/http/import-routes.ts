/** `POST /v1/import`: a study from a file. */
import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { StudySchema } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import { readStudyFile } from '../study/import/read-study-file.ts';
import type { StudyService } from '../study/study-service.ts';
import { answer, problems, security } from './route-schema.ts';
import { takeRawBodies } from './uploads-routes.ts';

async function readBody(body: unknown, limit: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of (body ?? []) as Readable) {
    size += (part as Buffer).length;
    if (size > limit)
      throw new UserError({ code: 'BODY_TOO_LARGE', message: `a file has at most ${limit} bytes`, status: 413 });
    parts.push(part as Buffer);
  }
  if (size === 0)
    throw new UserError({ code: 'EMPTY_BODY', message: 'the request has no body', hint: 'send the bytes of the file' });
  return Buffer.concat(parts);
}

export function importRoutes(service: StudyService, limitBytes: number): FastifyPluginAsyncTypebox {
  return async (app) => {
    takeRawBodies(app);
    app.post(
      '/v1/import',
      {
        // The stream is counted while it is read.
        bodyLimit: Number.MAX_SAFE_INTEGER,
        config: { scope: 'admin' },
        schema: {
          operationId: 'importStudy',
          tags: ['files'],
          summary:
            'A study from an Optuna SQLite file or journal, or from our JSON lines; its results count as observations',
          security,
          consumes: ['application/octet-stream'],
          querystring: Type.Object({
            name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'Of the new study.' })),
            study: Type.Optional(Type.String({ maxLength: 512, description: 'Of a file with several studies.' })),
          }),
          response: {
            201: answer(
              'The study; `skipped` are trials of the file that are no points of its space',
              Type.Object({
                ...StudySchema.properties,
                skipped: Type.Array(Type.Object({ number: Type.Integer(), reason: Type.String() })),
              }),
            ),
            ...problems,
          },
        },
      },
      async (request, reply) => {
        const { name = null, study = null } = request.query;
        const file = await readStudyFile(await readBody(request.body, limitBytes), { name, study });
        const imported = await service.import(file);
        return reply.code(201).send({ ...imported.study, skipped: [...imported.skipped] });
      },
    );
  };
}
