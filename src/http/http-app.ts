/** The Fastify instance: plugins, guards and all routes. Nothing here knows where studies are kept. */
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import sse, { type SSEPluginOptions } from '@fastify/sse';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { EvaluationRequestSchema, EvaluationViewSchema } from '../contract/evaluation.ts';
import { EventSchema } from '../contract/event.ts';
import { ProblemSchema } from '../contract/problem.ts';
import {
  AskRequestSchema,
  CloneRequestSchema,
  EnqueueRequestSchema,
  HeartbeatRequestSchema,
  StudyPatchSchema,
  TellRequestSchema,
} from '../contract/requests.ts';
import { StudyDefinitionSchema, StudySchema } from '../contract/study.ts';
import { TrialSchema } from '../contract/trial.ts';
import type { FileStore } from '../store/file-store.ts';
import type { Evaluations } from '../study/evaluations.ts';
import type { Explainer } from '../study/explainer.ts';
import type { DescribeModel, ListBoards } from '../study/ports.ts';
import type { StudyService } from '../study/study-service.ts';
import { type AgentPort, agentsRoutes } from './agents-routes.ts';
import { analysisRoutes } from './analysis-routes.ts';
import { artifactsRoutes } from './artifacts-routes.ts';
import { installBodies } from './body-parsing.ts';
import { evaluationsRoutes } from './evaluations-routes.ts';
import { eventsRoutes } from './events-routes.ts';
import { exportRoutes } from './export-routes.ts';
import { type GuardOptions, installGuard } from './guard.ts';
import { createMetrics, healthRoutes } from './health-routes.ts';
import { importRoutes } from './import-routes.ts';
import { installProblems } from './problem-document.ts';
import { studiesRoutes } from './studies-routes.ts';
import { trialsRoutes } from './trials-routes.ts';
import { uploadsRoutes } from './uploads-routes.ts';

export interface HttpOptions {
  readonly service: StudyService;
  readonly files: FileStore;
  readonly evaluations: Evaluations;
  readonly explainer: Explainer;
  readonly describeModel: DescribeModel | null;
  readonly agentHub: AgentPort | null;
  readonly listBoards: ListBoards;
  readonly guard: GuardOptions;
  readonly version: string;
  /** Level of the log on stderr; absent = silent. */
  readonly logLevel?: string;
  readonly bodyLimitBytes: number;
  readonly modelLimitBytes: number;
  readonly datasetLimitBytes: number;
  /** Requests per minute and client; null = no limit. */
  readonly requestsPerMinute: number | null;
}

const SHARED_SCHEMAS = [
  StudyDefinitionSchema,
  StudySchema,
  TrialSchema,
  EventSchema,
  ProblemSchema,
  AskRequestSchema,
  EnqueueRequestSchema,
  HeartbeatRequestSchema,
  TellRequestSchema,
  StudyPatchSchema,
  CloneRequestSchema,
  EvaluationRequestSchema,
  EvaluationViewSchema,
];

function createFastify(options: HttpOptions): FastifyInstance {
  return Fastify({
    forceCloseConnections: true,
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: 120_000,
    keepAliveTimeout: 30_000,
    routerOptions: { maxParamLength: 300 },
    logger:
      options.logLevel === undefined
        ? false
        : {
            level: options.logLevel,
            redact: ['req.headers.authorization', 'req.headers.cookie', '*.password', '*.token'],
          },
  });
}

async function installDocs(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'tinypareto',
        version,
        description: 'Finds the Pareto-optimal compressed versions of a neural network for a microcontroller.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, i) => String(json['$id'] ?? `def-${i}`) },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: false });
}

/** Swagger UI's own routes are not ours: they are public, and all of them are named under /docs. */
function declareDocsPublic(app: FastifyInstance): void {
  app.addHook('onRoute', (route) => {
    if (route.url.startsWith('/docs')) route.config = { ...route.config, scope: 'public' };
  });
}

/** Builds the instance; it does not listen yet. */
export async function createHttpApp(options: HttpOptions): Promise<FastifyInstance> {
  const { service, files, evaluations } = options;
  const app = createFastify(options).withTypeProvider<TypeBoxTypeProvider>();
  const metrics = createMetrics(service);
  // Requests are counted in the metrics; the log has those that failed.
  if (options.logLevel !== 'debug' && options.logLevel !== 'trace')
    app.addHook('onRoute', (route) => {
      route.logLevel = 'warn';
    });
  installProblems(app);
  declareDocsPublic(app);
  installGuard(app, options.guard);
  installBodies(app, SHARED_SCHEMAS);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    metrics.requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
  app.addHook('onClose', async () => metrics.close());
  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        'upgrade-insecure-requests': null,
        'style-src': ["'self'", "'unsafe-inline'"],
        'img-src': ["'self'", 'data:'],
      },
    },
    strictTransportSecurity: false,
  });
  if (options.requestsPerMinute !== null)
    await app.register(rateLimit, { max: options.requestsPerMinute, timeWindow: 60_000 });
  await app.register(sse as unknown as FastifyPluginAsync<SSEPluginOptions>, { heartbeatInterval: 15_000 });
  await installDocs(app, options.version);
  await app.register(studiesRoutes(service));
  await app.register(trialsRoutes(service));
  await app.register(eventsRoutes(service));
  await app.register(exportRoutes(service, files));
  await app.register(importRoutes(service, options.modelLimitBytes));
  await app.register(analysisRoutes(service, options.explainer));
  await app.register(artifactsRoutes(service, files));
  await app.register(evaluationsRoutes(evaluations, files));
  await app.register(agentsRoutes(options.agentHub, options.listBoards));
  await app.register(uploadsRoutes({ ...options, store: service.store }));
  await app.register(healthRoutes(service, metrics.registry, options.version));
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/json').send(JSON.stringify(app.swagger())),
  );
  return app;
}
