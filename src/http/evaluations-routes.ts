/** One model, one plan, one board: metrics and artifacts without a study. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { EvaluationRequestSchema, EvaluationViewSchema } from '../contract/evaluation.ts';
import type { FileStore } from '../store/file-store.ts';
import type { Evaluations } from '../study/evaluations.ts';
import { sendArtifact } from './artifacts-routes.ts';
import { shared } from './body-parsing.ts';
import { answer, problems, security } from './route-schema.ts';

const Evaluation = shared(EvaluationViewSchema);
const IdPath = Type.Object({ id: Type.String({ minLength: 1, maxLength: 100 }) });
const ArtifactPath = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 100 }),
  name: Type.String({ minLength: 1, maxLength: 200 }),
});

export function evaluationsRoutes(evaluations: Evaluations, files: FileStore): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/v1/evaluations',
      {
        config: { scope: 'tell' },
        schema: {
          operationId: 'startEvaluation',
          tags: ['evaluations'],
          summary: 'Compress one model by one plan for one board; runs in the background',
          security,
          body: shared(EvaluationRequestSchema),
          response: { 202: answer('Started', Evaluation), ...problems },
        },
      },
      async (request, reply) => {
        const started = await evaluations.start(request.body);
        return reply.code(202).header('location', `/v1/evaluations/${started.id}`).send(started);
      },
    );

    app.get(
      '/v1/evaluations/:id',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getEvaluation',
          tags: ['evaluations'],
          summary: 'Where an evaluation stands, and its result',
          security,
          params: IdPath,
          response: { 200: answer('The evaluation', Evaluation), ...problems },
        },
      },
      async (request) => evaluations.get(request.params.id),
    );

    app.get(
      '/v1/evaluations/:id/artifacts/:name',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getEvaluationArtifact',
          tags: ['evaluations'],
          summary: 'A file that an evaluation produced',
          security,
          params: ArtifactPath,
          response: {
            200: { description: 'The file', content: { 'application/octet-stream': { schema: Type.String() } } },
            ...problems,
          },
        },
      },
      async (request, reply) => {
        const { id, name } = request.params;
        return sendArtifact(reply, files, (await evaluations.get(id)).artifacts, name);
      },
    );
  };
}
