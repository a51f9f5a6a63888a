/** The REST API as commands use it, over anything that carries requests. */
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
