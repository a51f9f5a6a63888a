/** What a token may do. `admin` may do everything, `tell` may read. */
export const SCOPES = ['read', 'tell', 'admin', 'agent'] as const;
export type Scope = (typeof SCOPES)[number];

/** Every route says which scope it needs; `public` routes need no token. */
export type RouteScope = Scope | 'public';

export function covers(held: readonly Scope[], needed: Scope): boolean {
  return held.includes('admin') || held.includes(needed) || (needed === 'read' && held.includes('tell'));
}

declare module 'fastify' {
  interface FastifyContextConfig {
    scope?: RouteScope;
  }
}
