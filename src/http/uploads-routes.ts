/** Models and data sets: raw bytes in, stored under their SHA-256 while they stream; the answer says what is inside. */

import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { UserError } from '../errors.ts';
import type { FileStore } from '../store/file-store.ts';
import type { TrialStore } from '../store/trial-store.ts';
import type { DescribeModel } from '../study/ports.ts';
import { answer, problems, security } from './route-schema.ts';

export interface UploadsOptions {
  readonly files: FileStore;
  readonly store: TrialStore;
  readonly describeModel: DescribeModel | null;
  readonly modelLimitBytes: number;
  readonly datasetLimitBytes: number;
}

interface UploadedFile {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly summary: Readonly<Record<string, unknown>> | null;
  readonly uploadedAt: string;
}

const Uploaded = Type.Object({
  sha256: Type.String(),
  sizeBytes: Type.Integer(),
  summary: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
  uploadedAt: Type.String(),
});

const ShaPath = Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) });

/** Bodies of any type arrive as streams. Fastify's own limit does not see them: the file store counts. */
export function takeRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
}

function missingBody(): UserError {
  return new UserError({ code: 'EMPTY_BODY', message: 'the request has no body', hint: 'send the bytes of the file' });
}

async function readUploaded(store: TrialStore, kind: string, sha256: string): Promise<UploadedFile> {
  const document = await store.document(kind, sha256);
  if (document === null)
    throw new UserError({ code: 'FILE_NOT_FOUND', message: `no ${kind} ${sha256} was uploaded`, status: 404 });
  return JSON.parse(document.body) as UploadedFile;
}

export function uploadsRoutes(options: UploadsOptions): FastifyPluginAsyncTypebox {
  const { files, store, describeModel, modelLimitBytes, datasetLimitBytes } = options;

  const upload = async (kind: 'model' | 'dataset', body: unknown): Promise<UploadedFile> => {
    if (body === undefined || body === null) throw missingBody();
    const { sha256, sizeBytes } = await files.put(
      body as Readable,
      kind === 'model' ? modelLimitBytes : datasetLimitBytes,
    );
    if (sizeBytes === 0) throw missingBody();
    const summary =
      kind === 'model' && describeModel !== null ? await describeModel(new Uint8Array(await files.read(sha256))) : null;
    const uploaded = { sha256, sizeBytes, summary, uploadedAt: new Date().toISOString() };
    const document = { kind, key: sha256, body: JSON.stringify(uploaded) };
    await store.commit({ documents: [document], durable: true });
    return uploaded;
  };

  return async (app) => {
    takeRawBodies(app);
    for (const kind of ['model', 'dataset'] as const) {
      app.post(
        `/v1/${kind}s`,
        {
          // The stream is counted while it is stored.
          bodyLimit: Number.MAX_SAFE_INTEGER,
          config: { scope: 'tell' },
          schema: {
            operationId: kind === 'model' ? 'uploadModel' : 'uploadDataset',
            tags: ['files'],
            summary: `Upload a ${kind === 'model' ? 'model (ONNX)' : 'data set'}: the raw bytes are the body`,
            security,
            consumes: ['application/octet-stream'],
            response: { 201: answer('Stored', Uploaded), ...problems },
          },
        },
        async (request, reply) => reply.code(201).send(await upload(kind, request.body)),
      );

      app.get(
        `/v1/${kind}s`,
        {
          config: { scope: 'read' },
          schema: {
            operationId: kind === 'model' ? 'listModels' : 'listDatasets',
            tags: ['files'],
            summary: `Uploaded ${kind}s`,
            security,
            response: { 200: answer('All of them', Type.Object({ [`${kind}s`]: Type.Array(Uploaded) })), ...problems },
          },
        },
        async () => ({
          [`${kind}s`]: (await store.documents(kind)).map(({ body }) => JSON.parse(body) as UploadedFile),
        }),
      );

      app.get(
        `/v1/${kind}s/:sha256`,
        {
          config: { scope: 'read' },
          schema: {
            operationId: kind === 'model' ? 'getModel' : 'getDataset',
            tags: ['files'],
            summary: `Summary of an uploaded ${kind}`,
            security,
            params: ShaPath,
            response: { 200: answer('The summary', Uploaded), ...problems },
          },
        },
        async (request) => readUploaded(store, kind, (request.params as { sha256: string }).sha256),
      );
    }
  };
}
