/** Trials: ask, tell, heartbeat, enqueue, known results in batches, listings. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply } from 'fastify';
import { type Static, Type } from 'typebox';
import {
  AskRequestSchema,
  EnqueueRequestSchema,
  HeartbeatAnswerSchema,
  HeartbeatRequestSchema,
  type TellBatchItem,
  TellBatchItemSchema,
  TellRequestSchema,
} from '../contract/requests.ts';
import { oneOf } from '../contract/strict-object.ts';
import { TRIAL_STATES, TrialSchema } from '../contract/trial.ts';
import { findIssues, InvalidInputError } from '../contract/validate.ts';
import { UserError } from '../errors.ts';
import type { ItemResult, StudyService } from '../study/study-service.ts';
import { parseTrialId } from '../trial/trial.ts';
import { NdjsonBody, shared } from './body-parsing.ts';
import { toProblem } from './problem-document.ts';
import { answer, problems, StudyPath, security, TrialPath } from './route-schema.ts';

const Trial = shared(TrialSchema);
const TrialsAnswer = Type.Object({ trials: Type.Array(Trial) });
const BATCH_LIMIT_BYTES = 64 * 1024 * 1024;
const MOST_ITEMS = 100_000;

const ListQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  after: Type.Optional(
    Type.String({ maxLength: 100, description: 'Trials after this one: an id or a number, exclusive.' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 20, description: '`nextCursor` of the page before.' })),
  state: Type.Optional(oneOf(TRIAL_STATES)),
});

function readAfter(query: Static<typeof ListQuery>): number | undefined {
  const text = query.cursor ?? query.after;
  if (text === undefined) return undefined;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  const parsed = parseTrialId(text);
  if (parsed !== null) return parsed.number;
  throw new UserError({
    code: 'BAD_VALUE',
    message: 'after: expected the id or number of a trial',
    where: 'query.after',
  });
}

/** A line that does not follow the contract fails alone. */
function checkItem(value: unknown): TellBatchItem | UserError {
  const issues = findIssues(TellBatchItemSchema, value);
  return issues.length > 0 ? new InvalidInputError(issues) : (value as TellBatchItem);
}

function toLine(result: ItemResult) {
  if (result.ok) return { ok: true, status: result.trial.replayed === true ? 200 : 201, trial: result.trial };
  const { status, code, detail, where, hint, errors } = toProblem(result.error);
  return {
    ok: false,
    status,
    error: {
      code,
      message: detail,
      ...(where !== undefined && { where }),
      ...(hint !== undefined && { hint }),
      ...(errors !== undefined && { errors }),
    },
  };
}

function sendLines(reply: FastifyReply, results: readonly ItemResult[]): FastifyReply {
  const lines = results.map((result) => `${JSON.stringify(toLine(result))}\n`);
  return reply.type('application/x-ndjson').send(lines.join(''));
}

async function tellAll(
  service: StudyService,
  study: string,
  values: readonly unknown[],
): Promise<readonly ItemResult[]> {
  if (values.length > MOST_ITEMS)
    throw new UserError({
      code: 'BODY_TOO_LARGE',
      message: `at most ${MOST_ITEMS} results in one request`,
      status: 413,
    });
  const items = values.map(checkItem);
  const told = await service.tellBatch(
    study,
    items.filter((item): item is TellBatchItem => !(item instanceof UserError)),
  );
  let next = 0;
  return items.map((item) => {
    if (item instanceof UserError) return { ok: false, error: item };
    const result = told[next++];
    if (result === undefined) throw new Error('a batch has fewer results than items');
    return result;
  });
}

export function trialsRoutes(service: StudyService): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/v1/studies/:study/ask',
      {
        config: { scope: 'tell' },
        schema: {
          operationId: 'ask',
          tags: ['trials'],
          summary: 'Trials to run, each under a lease; the same clientId and requestId get the same trials again',
          security,
          params: StudyPath,
          body: shared(AskRequestSchema),
          response: { 200: answer('Trials', TrialsAnswer), ...problems },
        },
      },
      async (request) => ({ trials: [...(await service.ask(request.params.study, request.body))] }),
    );

    app.post(
      '/v1/studies/:study/enqueue',
      {
        config: { scope: 'tell' },
        schema: {
          operationId: 'enqueue',
          tags: ['trials'],
          summary: 'A point to try before the sampler is asked; missing params are drawn at random',
          security,
          params: StudyPath,
          body: shared(EnqueueRequestSchema),
          response: { 201: answer('The waiting trial', Trial), ...problems },
        },
      },
      async (request, reply) => reply.code(201).send(await service.enqueue(request.params.study, request.body)),
    );

    app.post(
      '/v1/trials/:trial/heartbeat',
      {
        config: { scope: 'tell' },
        schema: {
          operationId: 'heartbeat',
          tags: ['trials'],
          summary: 'Renew the lease; the answer says whether the trial is still wanted',
          security,
          params: TrialPath,
          body: shared(HeartbeatRequestSchema),
          response: { 200: answer('The lease', HeartbeatAnswerSchema), ...problems },
        },
      },
      async (request) => service.heartbeat(request.params.trial, request.body),
    );

    app.post(
      '/v1/trials/:trial/tell',
      {
        config: { scope: 'tell' },
        schema: {
          operationId: 'tell',
          tags: ['trials'],
          summary: 'The result of a trial; answered when it is on disk',
          security,
          params: TrialPath,
          body: shared(TellRequestSchema),
          response: { 200: answer('The trial; `replayed` when it was told before', Trial), ...problems },
        },
      },
      async (request) => service.tell(request.params.trial, request.body),
    );

    app.post(
      '/v1/studies/:study/tell-batch',
      {
        bodyLimit: BATCH_LIMIT_BYTES,
        config: { scope: 'tell', ndjson: true },
        schema: {
          operationId: 'tellBatch',
          tags: ['trials'],
          summary: 'Known results (warm start) or results of trials, as a JSON array or NDJSON; one answer for each',
          security,
          params: StudyPath,
          consumes: ['application/json', 'application/x-ndjson'],
          response: { 200: answer('One result per item', Type.Unknown()), ...problems },
        },
      },
      async (request, reply) => {
        const { body } = request;
        if (body instanceof NdjsonBody) {
          const results = await tellAll(service, request.params.study, body.values);
          return sendLines(reply, results);
        }
        if (!Array.isArray(body))
          throw new UserError({
            code: 'WRONG_TYPE',
            message: 'the input: expected an array of results',
            hint: 'or NDJSON with content-type: application/x-ndjson',
          });
        const results = await tellAll(service, request.params.study, body);
        if (request.headers.accept?.includes('ndjson') === true) return sendLines(reply, results);
        return reply.send(results.map(toLine));
      },
    );

    app.get(
      '/v1/studies/:study/trials',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'listTrials',
          tags: ['trials'],
          summary: 'Trials by number',
          security,
          params: StudyPath,
          querystring: ListQuery,
          response: {
            200: answer(
              'A page',
              Type.Object({ trials: Type.Array(Trial), nextCursor: Type.Union([Type.String(), Type.Null()]) }),
            ),
            ...problems,
          },
        },
      },
      async ({ params, query }) => {
        const after = readAfter(query);
        const page = await service.trials(params.study, {
          ...(after !== undefined && { after }),
          ...(query.limit !== undefined && { limit: query.limit }),
          ...(query.state !== undefined && { state: query.state }),
        });
        return { trials: [...page.items], nextCursor: page.next === null ? null : String(page.next) };
      },
    );

    app.get(
      '/v1/trials/:trial',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getTrial',
          tags: ['trials'],
          summary: 'One trial',
          security,
          params: TrialPath,
          response: { 200: answer('The trial', Trial), ...problems },
        },
      },
      async (request) => service.trial(request.params.trial),
    );
  };
}
