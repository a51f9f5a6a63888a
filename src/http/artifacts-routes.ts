/** Files that evaluations produced, always sent as attachments that no browser interprets. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { type ArtifactLink, ArtifactLinkSchema } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import type { FileStore } from '../store/file-store.ts';
import type { StudyService } from '../study/study-service.ts';
import { answer, problems, security, TrialPath } from './route-schema.ts';

const NamePath = Type.Object({
  trial: Type.String({ minLength: 1, maxLength: 100 }),
  name: Type.String({ minLength: 1, maxLength: 200 }),
});

/** Sends the artifact `name` of `artifacts`. Throws `UserError` ARTIFACT_NOT_FOUND (404). */
export async function sendArtifact(
  reply: FastifyReply,
  files: FileStore,
  artifacts: readonly ArtifactLink[],
  name: string,
): Promise<FastifyReply> {
  const artifact = artifacts.find((each) => each.name === name);
  if (artifact === undefined || !(await files.has(artifact.sha256)))
    throw new UserError({
      code: 'ARTIFACT_NOT_FOUND',
      message: `there is no artifact "${name}"`,
      hint: artifacts.length === 0 ? 'it has none' : `it has ${artifacts.map((each) => each.name).join(', ')}`,
      status: 404,
    });
  return reply
    .header('content-type', artifact.mediaType)
    .header('content-length', artifact.sizeBytes)
    .header('content-disposition', `attachment; filename="${artifact.name.replace(/[^A-Za-z0-9._-]/g, '_')}"`)
    .header('x-content-type-options', 'nosniff')
    .header('etag', `"${artifact.sha256}"`)
    .send(files.stream(artifact.sha256));
}

export function artifactsRoutes(service: StudyService, files: FileStore): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/trials/:trial/artifacts',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'listArtifacts',
          tags: ['files'],
          summary: 'Files that the evaluation of a trial produced',
          security,
          params: TrialPath,
          response: {
            200: answer('Names and hashes', Type.Object({ artifacts: Type.Array(ArtifactLinkSchema) })),
            ...problems,
          },
        },
      },
      async (request) => ({ artifacts: (await service.trial(request.params.trial)).artifacts }),
    );

    app.get(
      '/v1/trials/:trial/artifacts/:name',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getArtifact',
          tags: ['files'],
          summary: 'One of these files',
          security,
          params: NamePath,
          response: {
            200: { description: 'The file', content: { 'application/octet-stream': { schema: Type.String() } } },
            ...problems,
          },
        },
      },
      async (request, reply) => {
        const { trial, name } = request.params;
        return sendArtifact(reply, files, (await service.trial(trial)).artifacts, name);
      },
    );
  };
}
