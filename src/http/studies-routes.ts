/** Studies: create, list, read, change, verbs. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { CloneRequestSchema, StudyPatchSchema } from '../contract/requests.ts';
import { oneOf } from '../contract/strict-object.ts';
import { FrontPointSchema, STUDY_STATES, StudyDefinitionSchema, StudySchema } from '../contract/study.ts';
import { UserError } from '../errors.ts';
import type { StudyService } from '../study/study-service.ts';
import { VERBS } from '../study/verbs.ts';
import { trialId } from '../trial/trial.ts';
import { shared } from './body-parsing.ts';
import { answer, problems, StudyPath, security } from './route-schema.ts';

const Study = shared(StudySchema);

/** A page's place as text: opaque to clients. */
export function readCursor(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new UserError({
    code: 'BAD_VALUE',
    message: 'this cursor was not given out by a listing',
    where: 'query.cursor',
  });
}

export function studiesRoutes(service: StudyService): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/v1/studies',
      {
        config: { scope: 'admin' },
        schema: {
          operationId: 'createStudy',
          tags: ['studies'],
          summary: 'Create a study; the body is also the format of campaign files',
          security,
          querystring: Type.Object({ ifExists: Type.Optional(oneOf(['return', 'fail'])) }),
          body: shared(StudyDefinitionSchema),
          response: {
            200: answer('There was one: the same Idempotency-Key, or ifExists=return', Study),
            201: answer('Created', Study),
            ...problems,
          },
        },
      },
      async (request, reply) => {
        const key = request.headers['idempotency-key'];
        const { study, isNew } = await service.create(request.body, {
          ...(request.query.ifExists !== undefined && { ifExists: request.query.ifExists }),
          ...(typeof key === 'string' && key !== '' && { idempotencyKey: key.slice(0, 300) }),
        });
        reply.header('etag', `"${study.revision}"`).header('location', `/v1/studies/${study.id}`);
        return reply.code(isNew ? 201 : 200).send(study);
      },
    );

    app.get(
      '/v1/studies',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'listStudies',
          tags: ['studies'],
          summary: 'Studies in the order of creation; archived ones with state=archived',
          security,
          querystring: Type.Object({
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
            cursor: Type.Optional(Type.String({ maxLength: 20 })),
            state: Type.Optional(oneOf(STUDY_STATES)),
          }),
          response: {
            200: answer(
              'A page',
              Type.Object({ studies: Type.Array(Study), nextCursor: Type.Union([Type.String(), Type.Null()]) }),
            ),
            ...problems,
          },
        },
      },
      async ({ query }) => {
        const { limit, cursor, state } = query;
        const page = await service.list({
          cursor: readCursor(cursor),
          ...(limit !== undefined && { limit }),
          ...(state !== undefined && { state }),
        });
        return { studies: page.items, nextCursor: page.next === null ? null : String(page.next) };
      },
    );

    app.get(
      '/v1/studies/:study',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getStudy',
          tags: ['studies'],
          summary: 'One study with counts and current hypervolume',
          security,
          params: StudyPath,
          response: { 200: answer('The study', Study), ...problems },
        },
      },
      async (request, reply) => {
        const study = await service.get(request.params.study);
        return reply.header('etag', `"${study.revision}"`).send(study);
      },
    );

    app.patch(
      '/v1/studies/:study',
      {
        config: { scope: 'admin' },
        schema: {
          operationId: 'patchStudy',
          tags: ['studies'],
          summary: 'Change budget, parallelism, notes, tags or constraints while it runs; If-Match is honoured',
          security,
          params: StudyPath,
          body: shared(StudyPatchSchema),
          response: { 200: answer('The study', Study), ...problems },
        },
      },
      async (request, reply) => {
        const study = await service.patch(request.params.study, request.body, request.headers['if-match'] ?? null);
        return reply.header('etag', `"${study.revision}"`).send(study);
      },
    );

    app.delete(
      '/v1/studies/:study',
      {
        config: { scope: 'admin' },
        schema: {
          operationId: 'deleteStudy',
          tags: ['studies'],
          summary: 'Remove a study that is not running, with its trials',
          security,
          params: StudyPath,
          response: { 204: Type.Null({ description: 'Removed' }), ...problems },
        },
      },
      async (request, reply) => {
        await service.remove(request.params.study);
        return reply.code(204).send(null);
      },
    );

    for (const verb of VERBS) {
      app.post(
        `/v1/studies/:study/${verb}`,
        {
          config: { scope: 'admin' },
          schema: {
            operationId: `${verb}Study`,
            tags: ['studies'],
            summary: `${verb[0]?.toUpperCase()}${verb.slice(1)} the study`,
            security,
            params: StudyPath,
            response: { 200: answer('The study', Study), ...problems },
          },
        },
        async (request) => service.verb(request.params.study, verb),
      );
    }

    app.post(
      '/v1/studies/:study/clone',
      {
        config: { scope: 'admin' },
        schema: {
          operationId: 'cloneStudy',
          tags: ['studies'],
          summary: 'A new study with the same definition, with or without the finished trials',
          security,
          params: StudyPath,
          body: shared(CloneRequestSchema),
          response: { 201: answer('The new study', Study), ...problems },
        },
      },
      async (request, reply) => reply.code(201).send(await service.clone(request.params.study, request.body)),
    );

    app.get(
      '/v1/studies/:study/front',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getFront',
          tags: ['analysis'],
          summary: 'The non-dominated feasible completed trials',
          security,
          params: StudyPath,
          response: {
            200: answer(
              'The front',
              Type.Object({
                study: Type.String(),
                trials: Type.Integer(),
                hypervolume: Type.Union([
                  Type.Object({ reference: Type.Array(Type.Number()), value: Type.Number() }),
                  Type.Null(),
                ]),
                front: Type.Array(FrontPointSchema),
              }),
            ),
            ...problems,
          },
        },
      },
      async (request) => {
        const { id, counts, hypervolume } = await service.get(request.params.study);
        return { study: id, trials: counts.total, hypervolume, front: await service.front(id) };
      },
    );

    app.get(
      '/v1/studies/:study/hypervolume',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getHypervolume',
          tags: ['analysis'],
          summary: 'Hypervolume after each feasible completed trial, in the order in which they finished',
          security,
          params: StudyPath,
          response: {
            200: answer(
              'The history',
              Type.Object({
                reference: Type.Union([Type.Array(Type.Number()), Type.Null()]),
                values: Type.Array(Type.Object({ trial: Type.String(), number: Type.Integer(), value: Type.Number() })),
              }),
            ),
            ...problems,
          },
        },
      },
      async (request) => {
        const { record } = await service.state(request.params.study);
        const history = await service.hypervolume(record.id);
        return {
          reference: history === null ? null : [...history.reference],
          values: (history?.values ?? []).map(({ number, value }) => ({
            trial: trialId(record.id, number),
            number,
            value,
          })),
        };
      },
    );
  };
}
