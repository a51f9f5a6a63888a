/** The agent protocol and the boards: HTTP in front of the hub that knows agents and their devices. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
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
import { Type } from 'typebox';
import { EXIT, UserError } from '../errors.ts';
import type { AgentHub } from '../runner/agent-hub.ts';
import type { ListBoards } from '../study/ports.ts';
import { answer, problems, security } from './route-schema.ts';

/** Results carry the outputs of many inferences. */
const RESULT_LIMIT_BYTES = 128 * 1024 * 1024;
const LONGEST_WAIT_SECONDS = 60;

export type AgentPort = Pick<AgentHub, 'register' | 'work' | 'progress' | 'result' | 'agents' | 'devices'>;

const IdPath = Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) });

function need(hub: AgentPort | null): AgentPort {
  if (hub !== null) return hub;
  throw new UserError({
    code: 'NO_AGENTS',
    message: 'this daemon takes no agents',
    status: 501,
    exitCode: EXIT.unavailable,
  });
}

export function agentsRoutes(hub: AgentPort | null, listBoards: ListBoards): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/boards',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'listBoards',
          tags: ['boards'],
          summary: 'Board types, and the devices that are there',
          security,
          response: {
            200: answer(
              'Boards and devices',
              Type.Object({ boards: Type.Array(Type.Unknown()), devices: Type.Array(Type.Unknown()) }),
            ),
            ...problems,
          },
        },
      },
      async () => ({ boards: [...listBoards()], devices: hub?.devices() ?? [] }),
    );

    app.get(
      '/v1/agents',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'listAgents',
          tags: ['boards'],
          summary: 'Agents with their devices, health and quarantine reasons',
          security,
          response: { 200: answer('Agents', Type.Object({ agents: Type.Array(Type.Unknown()) })), ...problems },
        },
      },
      async () => ({ agents: hub?.agents() ?? [] }),
    );

    app.post(
      '/v1/agents/register',
      {
        config: { scope: 'agent' },
        schema: {
          operationId: 'registerAgent',
          tags: ['agents'],
          summary: 'An agent offers its devices',
          security,
          body: RegisterRequest,
          response: { 200: answer('Registered', RegisterAnswer), ...problems },
        },
      },
      async (request) => need(hub).register(request.body),
    );

    app.post(
      '/v1/agents/:id/work',
      {
        config: { scope: 'agent' },
        schema: {
          operationId: 'takeWork',
          tags: ['agents'],
          summary: 'A job for an idle device; waits for one (long poll)',
          security,
          params: IdPath,
          querystring: Type.Object({
            wait: Type.Optional(Type.Number({ minimum: 0, maximum: LONGEST_WAIT_SECONDS })),
          }),
          body: WorkRequest,
          response: { 200: answer('A job', Job), 204: Type.Null({ description: 'No job' }), ...problems },
        },
      },
      async (request, reply) => {
        const gone = new AbortController();
        request.raw.on('close', () => {
          if (!reply.raw.writableEnded) gone.abort();
        });
        reply.raw.on('close', () => gone.abort());
        const { wait = 30 } = request.query;
        const job = await need(hub).work(request.params.id, request.body.idleDevices, wait * 1000, gone.signal);
        return job === null ? reply.code(204).send(null) : reply.send(job);
      },
    );

    app.post(
      '/v1/jobs/:id/progress',
      {
        config: { scope: 'agent' },
        schema: {
          operationId: 'jobProgress',
          tags: ['agents'],
          summary: 'Renews the lease of a job; the answer says whether to go on',
          security,
          params: IdPath,
          body: ProgressRequest,
          response: { 200: answer('The lease', ProgressAnswer), ...problems },
        },
      },
      async (request) => need(hub).progress(request.params.id, request.body),
    );

    app.post(
      '/v1/jobs/:id/result',
      {
        bodyLimit: RESULT_LIMIT_BYTES,
        config: { scope: 'agent' },
        schema: {
          operationId: 'jobResult',
          tags: ['agents'],
          summary: 'What became of a job; counts only with outputs equal to the expected ones',
          security,
          params: IdPath,
          body: ResultRequest,
          response: { 200: answer('Whether it counts', ResultAnswer), ...problems },
        },
      },
      async (request) => need(hub).result(request.params.id, request.body),
    );
  };
}
