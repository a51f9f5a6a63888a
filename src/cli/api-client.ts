/**
 * The REST API as commands use it: over HTTP when a daemon runs (`--url`, TINYPARETO_URL, or the one that holds the data folder), else
 * in this process on the data folder. One road for both, so that both behave alike.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { EXIT, UserError } from '../errors.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface ApiClient {
  /** Where it goes, for messages: an address or a folder. */
  readonly place: string;
  /** The address of the daemon, when there is one. */
  readonly url: string | null;
  /** JSON in, JSON out. Throws UserError on a problem document. */
  json<T>(method: string, path: string, body?: unknown): Promise<T>;
  /** Raw bytes in and out. */
  bytes(method: string, path: string, body?: Uint8Array, contentType?: string): Promise<Buffer>;
  close(): Promise<void>;
}

export interface ApiOptions {
  readonly url?: string;
  readonly data?: string;
  readonly token?: string;
  /** When the daemon runs in this process: answer others too, on a free port. */
  readonly listen?: boolean;
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
    ...(options.listen ? { listen: { host: '127.0.0.1', port: 0 } } : {}),
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

export type Transport = (
  method: string,
  path: string,
  body: Uint8Array | undefined,
  contentType: string,
) => Promise<ApiAnswer>;

/** An API client over anything that carries requests. */
export function apiOver(
  place: string,
  url: string | null,
  send: Transport,
  close: () => Promise<void> = async () => {},
): ApiClient {
  const bytes = async (method: string, target: string, body?: Uint8Array, contentType = 'application/octet-stream') => {
    const answer = await send(method, target, body, contentType);
    if (answer.status >= 400) throw problemError(answer, `${method} ${target}`);
    return answer.body;
  };
  return {
    place,
    url,
    bytes,
    json: async <T>(method: string, target: string, body?: unknown) => {
      const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
      const text = (await bytes(method, target, sent, 'application/json')).toString('utf8');
      return (text === '' ? null : JSON.parse(text)) as T;
    },
    close,
  };
}

const EXIT_OF_CODE: Readonly<Record<string, number>> = { DISK_FULL: EXIT.tryAgain, NO_DEVICE: EXIT.unavailable };

function problemError(answer: ApiAnswer, what: string): UserError {
  let problem: { code?: string; detail?: string; where?: string; hint?: string } = {};
  try {
    problem = JSON.parse(answer.body.toString('utf8')) as typeof problem;
  } catch {
    // Not a problem document: another server, or a proxy in between.
  }
  const code = problem.code ?? 'UNEXPECTED_ANSWER';
  return new UserError({
    code,
    message: problem.detail ?? `${what} was answered with status ${answer.status}`,
    ...(problem.where === undefined ? {} : { where: problem.where }),
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    status: answer.status,
    exitCode: exitCodeOf(code, answer.status),
  });
}

function exitCodeOf(code: string, status: number) {
  const known = Object.values(EXIT).find((value) => value === EXIT_OF_CODE[code]);
  if (known !== undefined) return known;
  if (status === 404) return EXIT.missingInput;
  if (status === 409 || status === 410 || status === 429 || status === 503) return EXIT.tryAgain;
  return status >= 500 ? EXIT.fault : EXIT.badInput;
}
