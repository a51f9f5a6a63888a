/** Opens the API for one command and closes it again, whatever happens. */
import type { ApiClient } from './api-client.ts';
import { type ApiOptions, openApi } from './open-api.ts';

export async function withApi<T>(options: ApiOptions, body: (api: ApiClient) => Promise<T>): Promise<T> {
  const api = await openApi(options);
  try {
    return await body(api);
  } finally {
    await api.close();
  }
}

/** All pages of a listing: the first array of each answer, following `nextCursor`. */
export async function allPages<T>(api: ApiClient, path: string, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const separator = path.includes('?') ? '&' : '?';
    const query: string = cursor === null ? '' : `${separator}cursor=${encodeURIComponent(cursor)}`;
    const page: Record<string, unknown> = await api.json('GET', `${path}${query}`);
    items.push(...((Object.values(page).find(Array.isArray) ?? []) as T[]));
    cursor = typeof page['nextCursor'] === 'string' ? page['nextCursor'] : null;
  } while (cursor !== null && items.length < limit);
  return items.slice(0, limit);
}
