/** The agent's side of the wire: calls to the daemon with deadlines, answers validated, failures told apart. */
import type { Static, TSchema } from 'typebox';
import { Check } from 'typebox/value';
import { request } from 'undici';
import {
  Job,
  ProgressAnswer,
  type ProgressRequest,
  RegisterAnswer,
  type RegisterRequest,
  ResultAnswer,
  type ResultRequest,
} from '../protocol/index.ts';

/** `gone`: the lease or the registration is not known any more. `refused`: never try again. `unreachable`: try later. */
export type ConnectionFailure = 'gone' | 'refused' | 'unreachable';

export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly failure: ConnectionFailure;

  constructor(failure: ConnectionFailure, message: string, cause?: unknown) {
    super(message, { cause });
    this.failure = failure;
  }
}

/** Longest JSON answer that is read, bytes. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export interface DaemonConnection {
  register(body: RegisterRequest, signal: AbortSignal): Promise<RegisterAnswer>;
  /** Waits up to `waitSeconds` for a job; null when there is none. */
  work(agentId: string, idleDevices: readonly string[], waitSeconds: number, signal: AbortSignal): Promise<Job | null>;
  progress(jobId: string, body: ProgressRequest, signal: AbortSignal): Promise<ProgressAnswer>;
  result(jobId: string, body: ResultRequest, signal: AbortSignal): Promise<ResultAnswer>;
}

export function connectToDaemon(server: string, token?: string): DaemonConnection {
  const base = server.replace(/\/+$/, '');

  async function post(path: string, body: unknown, timeoutMs: number, signal: AbortSignal): Promise<unknown> {
    const response = await send(`${base}${path}`, body, token, timeoutMs, signal);
    if (response.status === 204) return null;
    if (response.status < 300) return response.body;
    const detail = problemText(response.body) ?? `the daemon answered ${response.status}`;
    if (response.status === 404 || response.status === 410) throw new ConnectionError('gone', detail);
    if (response.status >= 500 || response.status === 429) throw new ConnectionError('unreachable', detail);
    throw new ConnectionError('refused', detail);
  }

  return {
    register: async (body, signal) => checked(RegisterAnswer, await post('/v1/agents/register', body, 10_000, signal)),
    work: async (agentId, idleDevices, waitSeconds, signal) => {
      const path = `/v1/agents/${encodeURIComponent(agentId)}/work?wait=${waitSeconds}`;
      const answer = await post(path, { idleDevices }, (waitSeconds + 15) * 1000, signal);
      return answer === null ? null : checked(Job, answer);
    },
    progress: async (jobId, body, signal) =>
      checked(ProgressAnswer, await post(`/v1/jobs/${encodeURIComponent(jobId)}/progress`, body, 10_000, signal)),
    result: async (jobId, body, signal) =>
      checked(ResultAnswer, await post(`/v1/jobs/${encodeURIComponent(jobId)}/result`, body, 60_000, signal)),
  };
}

async function send(
  url: string,
  body: unknown,
  token: string | undefined,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<{ status: number; body: unknown }> {
  try {
    const response = await request(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    const text = await readBounded(response.body);
    return { status: response.statusCode, body: text === '' ? null : JSON.parse(text) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new ConnectionError(
      'unreachable',
      `cannot reach ${url}: ${error instanceof Error ? error.message : error}`,
      error,
    );
  }
}

async function readBounded(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`answer longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function checked<T extends TSchema>(schema: T, value: unknown): Static<T> {
  if (!Check(schema, value))
    throw new ConnectionError('unreachable', 'the daemon sent an answer that does not follow the protocol');
  return value as Static<T>;
}

function problemText(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { detail, code } = body as { detail?: unknown; code?: unknown };
  return typeof detail === 'string' ? `${detail}${typeof code === 'string' ? ` [${code}]` : ''}` : undefined;
}
