/**
 * Finds the API for a command: over HTTP when a daemon runs (`--url`, TINYPARETO_URL, or the one that holds the data folder), else in
 * this process on the data folder. One road for both, so that both behave alike.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';
import { type ApiClient, apiOver } from './api-client.ts';

export interface ApiOptions {
  readonly url?: string;
  readonly data?: string;
  readonly token?: string;
  /** When the daemon runs in this process: answer others too, on a free port. */
  readonly listen?: boolean;
  /** Told what goes wrong in the background, when the daemon runs in this process. */
  readonly log?: (line: string) => void;
}

export const DEFAULT_DATA_FOLDER = '.tinypareto';

/** Adds the options that say where the studies are. */
export function withApiOptions(command: Command): Command {
  return command
    .option('--url <address>', 'a running daemon, for example http://127.0.0.1:8080')
    .option('--data <folder>', 'data folder, when no daemon runs', DEFAULT_DATA_FOLDER)
    .option('--token <token>', 'access token of the daemon (or TINYPARETO_TOKEN)');
}

export async function openApi(options: ApiOptions): Promise<ApiClient> {
  const url = options.url ?? process.env['TINYPARETO_URL'] ?? addressOfDaemon(options.data ?? DEFAULT_DATA_FOLDER);
  const token = options.token ?? process.env['TINYPARETO_TOKEN'];
  if (url !== undefined) return remoteApi(url, token);
  const { openLocalDaemon } = await import('./local-daemon.ts');
  const daemon = await openLocalDaemon({
    dataFolder: options.data ?? DEFAULT_DATA_FOLDER,
    evaluates: options.listen === true,
    ...(options.listen ? { listen: { host: '127.0.0.1', port: 0 } } : {}),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  return daemon.api;
}

/** Written by `serve` and by foreground campaigns into their data folder; undefined when that process is gone. */
export function addressOfDaemon(dataFolder: string): string | undefined {
  try {
    const { url, pid } = JSON.parse(readFileSync(path.join(dataFolder, 'daemon.json'), 'utf8')) as {
      url: string;
      pid: number;
    };
    process.kill(pid, 0);
    return url;
  } catch {
    return undefined;
  }
}

function remoteApi(url: string, token: string | undefined): ApiClient {
  const base = url.replace(/\/+$/, '');
  if (!/^https?:\/\//.test(base)) {
    throw new UserError({
      code: 'BAD_URL',
      message: `${JSON.stringify(url)} is not an address`,
      hint: 'for example http://127.0.0.1:8080',
      exitCode: EXIT.usage,
    });
  }
  return apiOver(base, base, async (method, target, body, contentType) => {
    const { request } = await import('undici');
    const response = await request(`${base}${target}`, {
      method: method as 'GET',
      headers: {
        accept: 'application/json, application/problem+json, */*',
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: body ?? null,
    });
    return { status: response.statusCode, body: Buffer.from(await response.body.arrayBuffer()) };
  });
}
