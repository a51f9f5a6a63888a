/** Liveness, readiness, Prometheus metrics, and the address book at `/`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Type } from 'typebox';
import type { StudyService } from '../study/study-service.ts';
import { answer, problems, security } from './route-schema.ts';

const Health = Type.Object({ status: Type.String() });
const Readiness = Type.Object({ status: Type.String(), diskFull: Type.Boolean(), studies: Type.Integer() });

/** One registry per daemon: two of them in one process do not mix. */
export function createMetrics(service: StudyService): {
  readonly registry: Registry;
  readonly requests: Histogram;
  close(): void;
} {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'tinypareto_http_request_seconds',
    help: 'Duration of HTTP requests by route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    registers: [registry],
  });
  const events = new Counter({
    name: 'tinypareto_events_total',
    help: 'Stored events by type.',
    labelNames: ['type'] as const,
    registers: [registry],
  });
  new Gauge({
    name: 'tinypareto_studies',
    help: 'Studies by state.',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const { state } of service.records()) this.inc({ state });
    },
  });
  new Gauge({
    name: 'tinypareto_suggestions',
    help: 'Asks of samplers with a model: whether the point was ready, still being prepared, or computed for the ask.',
    labelNames: ['from'] as const,
    registers: [registry],
    collect() {
      for (const [from, count] of Object.entries(service.suggestionCounts)) this.set({ from }, count);
    },
  });
  const unsubscribe = service.events.subscribe(null, ({ type }) => events.inc({ type }));
  return {
    registry,
    requests,
    close: () => {
      unsubscribe();
      registry.clear();
    },
  };
}

const AddressBook = Type.Object({
  name: Type.String(),
  version: Type.String(),
  links: Type.Record(Type.String(), Type.String()),
});

/** Where a visitor finds things. */
const LINKS = {
  docs: '/docs',
  openapi: '/openapi.json',
  studies: '/v1/studies',
  boards: '/v1/boards',
  health: '/healthz',
  readiness: '/readyz',
  metrics: '/metrics',
} as const;

export function healthRoutes(service: StudyService, registry: Registry, version: string): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/',
      {
        config: { scope: 'public' },
        schema: {
          operationId: 'addressBook',
          tags: ['health'],
          summary: 'Name, version and where to find what',
          security: [],
          response: { 200: answer('Address book', AddressBook), ...problems },
        },
      },
      async () => ({ name: 'tinypareto', version, links: LINKS }),
    );

    app.get(
      '/healthz',
      {
        config: { scope: 'public' },
        schema: {
          operationId: 'health',
          tags: ['health'],
          summary: 'The process is alive',
          security: [],
          response: { 200: answer('Alive', Health), ...problems },
        },
      },
      async () => ({ status: 'ok' }),
    );

    app.get(
      '/readyz',
      {
        config: { scope: 'public' },
        schema: {
          operationId: 'ready',
          tags: ['health'],
          summary: 'Results can be taken',
          security: [],
          response: { 200: answer('Ready', Readiness), 503: answer('Not ready', Readiness), ...problems },
        },
      },
      async (_request, reply) => {
        const { isDiskFull } = service;
        const body = {
          status: isDiskFull ? 'disk full' : 'ready',
          diskFull: isDiskFull,
          studies: service.records().length,
        };
        return reply.code(isDiskFull ? 503 : 200).send(body);
      },
    );

    app.get(
      '/metrics',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'metrics',
          tags: ['health'],
          summary: 'Prometheus metrics',
          security,
          response: {
            200: { description: 'Text format', content: { 'text/plain': { schema: Type.String() } } },
            ...problems,
          },
        },
      },
      async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
    );
  };
}
