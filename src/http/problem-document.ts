/** Every error leaves the daemon as a problem document (RFC 9457) with a stable code; what went wrong inside stays in the log. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../contract/problem.ts';
import { InvalidInputError } from '../contract/validate.ts';
import { UserError } from '../errors.ts';
import { StudyStateError } from '../study/ask.ts';

const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Fastify's own errors that a client can cause. */
const FASTIFY_CODES: Readonly<Record<string, { readonly code: string; readonly hint?: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'UNSUPPORTED_MEDIA_TYPE',
    hint: 'send JSON with content-type: application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'BAD_CONTENT_LENGTH' },
};

function problem(status: number, code: string, detail: string): Problem {
  return { type: `urn:tinypareto:problem:${code}`, title: STATUS_CODES[status] ?? 'Error', status, code, detail };
}

/** What a client is told about `error`. */
export function toProblem(error: unknown): Problem {
  if (error instanceof UserError) {
    return {
      ...problem(error.status, error.code, error.message),
      ...(error.where !== undefined && { where: error.where }),
      ...(error.hint !== undefined && { hint: error.hint }),
      ...(error instanceof StudyStateError && { state: error.state }),
      ...(error instanceof StudyStateError && error.reason !== null && { reason: error.reason }),
      ...(error instanceof InvalidInputError && { errors: error.issues.map((issue) => ({ ...issue })) }),
    };
  }
  const { statusCode = 500, code = '', message = '' } = error as Partial<FastifyError>;
  if (statusCode >= 500)
    return problem(
      statusCode === 503 ? 503 : 500,
      statusCode === 503 ? 'OVERLOADED' : 'INTERNAL',
      'something went wrong in the daemon; its log has the details',
    );
  const known = FASTIFY_CODES[code];
  return {
    ...problem(statusCode, known?.code ?? (statusCode === 429 ? 'TOO_MANY_REQUESTS' : 'BAD_REQUEST'), message),
    ...(known?.hint !== undefined && { hint: known.hint }),
  };
}

export async function sendProblem(request: FastifyRequest, reply: FastifyReply, error: unknown): Promise<void> {
  const document = toProblem(error);
  if (document.status >= 500) request.log.error({ err: error }, 'request failed');
  if (document.status === 507 || document.status === 503) reply.header('retry-after', '2');
  await reply
    .code(document.status)
    .header('content-type', PROBLEM_TYPE)
    .send(JSON.stringify({ ...document, instance: request.url.split('?', 1)[0] }));
}

/** Paths as registered (`/v1/studies/:study`) as regular expressions, to tell an unknown path from a wrong method. */
function pathPattern(url: string): RegExp {
  const pattern = url
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part === '*' ? '.*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return new RegExp(`^${pattern}/?$`);
}

/** Error handler, 404 for unknown paths, 405 with Allow for known ones. Call before the routes are added. */
export function installProblems(app: FastifyInstance): void {
  const routes = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  app.addHook('onRoute', ({ url, method }) => {
    const route = routes.get(url) ?? { pattern: pathPattern(url), methods: new Set<string>() };
    for (const each of [method].flat()) route.methods.add(each);
    routes.set(url, route);
  });
  app.setErrorHandler((error, request, reply) => sendProblem(request, reply, error));
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = [...routes.values()]
      .filter(({ pattern }) => pattern.test(path))
      .flatMap(({ methods }) => [...methods]);
    if (allowed.length > 0) {
      reply.header('allow', [...new Set(allowed)].join(', '));
      const message = `${request.method} is not possible on ${path}`;
      return sendProblem(request, reply, new UserError({ code: 'METHOD_NOT_ALLOWED', message, status: 405 }));
    }
    const error = new UserError({
      code: 'NOT_FOUND',
      message: `there is nothing at ${path.slice(0, 200)}`,
      hint: 'the reference is at /docs',
      status: 404,
    });
    return sendProblem(request, reply, error);
  });
}
