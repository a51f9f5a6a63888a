/** The agent protocol's endpoints, and the lists of agents and devices. docs/protocol.md has the rules. */
import {
  Job,
  ProgressAnswer,
  ProgressRequest,
  RegisterAnswer,
  RegisterRequest,
  ResultAnswer,
  ResultRequest,
  WorkRequest,
} from '@tinypareto/hw-agents/protocol';
import type { FastifyInstance } from 'fastify';
import { type Static, Type } from 'typebox';
import { ProblemSchema } from '../contract/problem.ts';
import { validate } from '../contract/validate.ts';
import type { AgentHub } from '../runner/agent-hub.ts';

/** Longest long poll, seconds. */
const MAX_WAIT_SECONDS = 60;
/** Programs and outputs travel as base64. */
const BODY_LIMIT = 256 * 1024 * 1024;

const problems = { '4xx': ProblemSchema };
const IdParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) });
const WaitQuery = Type.Object({ wait: Type.Optional(Type.Number({ minimum: 0, maximum: MAX_WAIT_SECONDS })) });

/** `config` of each route names the scope that a token needs. */
export async function agentsRoutes(app: FastifyInstance, { hub }: { readonly hub: AgentHub }): Promise<void> {
  app.post(
    '/v1/agents/register',
    {
      bodyLimit: BODY_LIMIT,
      config: { scope: 'agent' },
      schema: {
        operationId: 'registerAgent',
        tags: ['agents'],
        body: RegisterRequest,
        response: { 200: RegisterAnswer, ...problems },
      },
    },
    async (request) => hub.register(validate(RegisterRequest, request.body)),
  );

  app.post(
    '/v1/agents/:id/work',
    {
      config: { scope: 'agent' },
      schema: {
        operationId: 'askForWork',
        tags: ['agents'],
        params: IdParams,
        querystring: WaitQuery,
        body: WorkRequest,
        response: { 200: Job, 204: Type.Null({ description: 'No job within the wait.' }), ...problems },
      },
    },
    async (request, reply) => {
      const { id } = request.params as Static<typeof IdParams>;
      const { wait } = request.query as Static<typeof WaitQuery>;
      const gone = new AbortController();
      request.raw.once('close', () => {
        if (request.raw.destroyed) gone.abort();
      });
      const { idleDevices } = validate(WorkRequest, request.body);
      const waitSeconds = Math.min(MAX_WAIT_SECONDS, Number(wait ?? 30));
      const job = await hub.work(id, idleDevices, waitSeconds * 1000, gone.signal);
      return job === null ? reply.code(204).send() : job;
    },
  );

  app.post(
    '/v1/jobs/:id/progress',
    {
      config: { scope: 'agent' },
      schema: {
        operationId: 'reportProgress',
        tags: ['agents'],
        params: IdParams,
        body: ProgressRequest,
        response: { 200: ProgressAnswer, ...problems },
      },
    },
    async (request) =>
      hub.progress((request.params as Static<typeof IdParams>).id, validate(ProgressRequest, request.body)),
  );

  app.post(
    '/v1/jobs/:id/result',
    {
      bodyLimit: BODY_LIMIT,
      config: { scope: 'agent' },
      schema: {
        operationId: 'reportResult',
        tags: ['agents'],
        params: IdParams,
        body: ResultRequest,
        response: { 200: ResultAnswer, ...problems },
      },
    },
    async (request) =>
      hub.result((request.params as Static<typeof IdParams>).id, validate(ResultRequest, request.body)),
  );

  app.get(
    '/v1/agents',
    { config: { scope: 'read' }, schema: { operationId: 'listAgents', tags: ['agents'] } as object },
    async () => ({ agents: hub.agents() }),
  );
}
