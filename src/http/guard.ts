/**
 * Who may call: Host and Origin are checked on every method (a page in someone's browser must not reach a daemon on the loopback
 * address, nor through DNS rebinding), then the token's scope against the route's.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { UserError } from '../errors.ts';
import { covers, type RouteScope, type Scope } from './scope.ts';

export interface GuardOptions {
  /** Address that is listened on. */
  readonly host: string;
  /** Further names under which the daemon may be called. */
  readonly allowedHosts: readonly string[];
  /** Scopes of a token by its hash; null for an unknown one. */
  readonly scopesOf: (tokenHash: string) => readonly Scope[] | null;
  /** Whether calls without a token are refused. */
  readonly needsToken: () => boolean;
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host) || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Tokens are kept only as this hash. */
export function hashToken(token: string): string {
  return createHash('sha256').update(`tinypareto token ${token}`).digest('hex');
}

export function equalHashes(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function hostName(header: string): string {
  return header.replace(/:\d+$/, '').toLowerCase();
}

function checkHost(request: FastifyRequest, options: GuardOptions): void {
  const header = request.headers.host ?? '';
  const name = hostName(header);
  // On other addresses any name may lead here, and a token is needed anyway.
  if (!isLoopback(options.host) && options.allowedHosts.length === 0) return;
  if (isLoopback(name) || name === options.host || options.allowedHosts.includes(name)) return;
  throw new UserError({
    code: 'HOST_NOT_ALLOWED',
    message: `the daemon is not called "${name.slice(0, 100)}"`,
    hint: 'call it by the address it listens on, or allow the name with --allow-host',
    status: 403,
  });
}

function checkOrigin(request: FastifyRequest, options: GuardOptions): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const mode = request.headers['sec-fetch-mode'];
  const isForeign =
    origin === undefined ? site === 'cross-site' && mode !== 'navigate' : !isOwnOrigin(origin, request, options);
  if (!isForeign) return;
  throw new UserError({
    code: 'ORIGIN_NOT_ALLOWED',
    message: 'pages of other sites may not call this daemon',
    status: 403,
  });
}

function isOwnOrigin(origin: string, request: FastifyRequest, options: GuardOptions): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host, hostname } = new URL(origin);
  const own = `${protocol}//${request.headers.host ?? ''}`;
  // Parsing both leaves out default ports alike.
  return (URL.canParse(own) && new URL(own).host === host) || options.allowedHosts.includes(hostname);
}

function bearer(request: FastifyRequest): string | null {
  const match = /^Bearer ([\x21-\x7e]{1,500})$/i.exec(request.headers.authorization ?? '');
  return match?.[1] ?? null;
}

function checkScope(request: FastifyRequest, needed: RouteScope, options: GuardOptions): void {
  if (needed === 'public') return;
  const token = bearer(request);
  if (token === null && !options.needsToken()) return;
  const scopes = token === null ? null : options.scopesOf(hashToken(token));
  if (scopes === null && token !== null && !options.needsToken()) return;
  if (scopes === null)
    throw new UserError({
      code: 'UNAUTHORIZED',
      message: token === null ? 'a token is needed' : 'the token is not known',
      hint: 'send the header authorization: Bearer <token>',
      status: 401,
    });
  if (!covers(scopes, needed))
    throw new UserError({
      code: 'FORBIDDEN',
      message: `the token may not do this: scope "${needed}" is needed, it has ${scopes.join(', ')}`,
      status: 403,
    });
}

/** Every route added afterwards must declare its scope. */
export function installGuard(app: FastifyInstance, options: GuardOptions): void {
  app.addHook('onRoute', (route) => {
    if (route.config?.scope === undefined)
      throw new Error(`the route ${String(route.method)} ${route.url} has no scope`);
  });
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, options);
    checkOrigin(request, options);
    const scope = request.routeOptions.config.scope;
    if (scope === undefined) return;
    try {
      checkScope(request, scope, options);
    } catch (error) {
      if (error instanceof UserError && error.status === 401) reply.header('www-authenticate', 'Bearer');
      throw error;
    }
  });
}
