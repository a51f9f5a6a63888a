/** The daemon in this process: everything on one data folder, connected. `serve` listens; other commands may go without. */
import path from 'node:path';
import { createApp } from '../app.ts';
import { EXIT, UserError } from '../errors.ts';
import { AgentHub } from '../runner/agent-hub.ts';
import { listBoards } from '../runner/board-specs.ts';
import { createCampaignPlanner } from '../runner/campaign-planner.ts';
import { CampaignRunner } from '../runner/campaign-runner.ts';
import { CheckpointFolders } from '../runner/checkpoint-folders.ts';
import { resolveIn } from '../runner/dataset-spec.ts';
import { createEvaluator } from '../runner/single-evaluation.ts';
import { TrialPool } from '../runner/trial-pool.ts';
import { type ApiClient, apiOver } from './api-client.ts';

export interface LocalDaemonOptions {
  readonly dataFolder: string;
  /** Answers others on this port, 0 = a free one; absent = only this process. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Evaluate campaigns. False for commands that only look or tell. */
  readonly evaluates?: boolean;
  readonly token?: string;
  readonly allowedHosts?: readonly string[];
  readonly logLevel?: string;
  /** Trials at the same time, over all campaigns. */
  readonly threads?: number;
  readonly log?: (line: string) => void;
}

export interface LocalDaemon {
  readonly api: ApiClient;
  /** Null when it does not listen. */
  readonly url: string | null;
  close(): Promise<void>;
}

const DEFAULT_THREADS = 2;

/** Seconds between the checkpoints of a training, from TINYPARETO_CHECKPOINT_SECONDS. */
function checkpointSeconds(): number | undefined {
  const text = process.env['TINYPARETO_CHECKPOINT_SECONDS'] ?? '';
  if (text === '') return undefined;
  const seconds = Number(text);
  if (seconds >= 0) return seconds;
  throw new UserError({
    code: 'BAD_VALUE',
    message: `TINYPARETO_CHECKPOINT_SECONDS is ${JSON.stringify(text)}, which is no number of seconds`,
    exitCode: EXIT.usage,
  });
}

export async function openLocalDaemon(options: LocalDaemonOptions): Promise<LocalDaemon> {
  const { dataFolder, listen, token } = options;
  const everySeconds = checkpointSeconds();
  const pool = new TrialPool(options.threads ?? DEFAULT_THREADS, path.join(dataFolder, 'builds'));
  const hub = new AgentHub();
  const resolve = resolveIn(path.join(dataFolder, 'artifacts'));
  const app = await createApp({
    dataFolder,
    planner: createCampaignPlanner(pool, resolve),
    evaluator: createEvaluator(pool, resolve),
    describeModel: async (bytes) => ({ ...(await pool.run({ kind: 'describe', bytes })) }),
    agentHub: hub,
    boards: listBoards,
    ...(listen === undefined ? {} : { host: listen.host }),
    ...(token === undefined ? {} : { token }),
    ...(options.allowedHosts === undefined ? {} : { allowedHosts: options.allowedHosts }),
    ...(options.logLevel === undefined ? {} : { logLevel: options.logLevel }),
  }).catch(async (error: unknown) => {
    hub.close();
    await pool.close();
    throw error;
  });
  const runner = new CampaignRunner({
    studies: app.service,
    pool,
    files: app.files,
    checkpoints: new CheckpointFolders(path.join(dataFolder, 'checkpoints'), everySeconds),
    resolve,
    hub,
    log: (message, error) => options.log?.(`${message}: ${error instanceof Error ? error.message : String(error)}`),
  });
  const close = async (): Promise<void> => {
    await runner.close();
    hub.close();
    await app.close();
    await pool.close();
  };
  try {
    const url = listen === undefined ? null : await app.listen(listen.port);
    if (options.evaluates !== false) runner.start();
    const api = apiOver(url ?? dataFolder, url, inProcess(app.app, token), close);
    return { api, url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Injectable {
  inject(request: {
    method: 'GET';
    url: string;
    headers: Record<string, string>;
    payload?: Buffer;
  }): Promise<{ statusCode: number; rawPayload: Buffer }>;
}

/** Requests that never touch a socket, through the same routes, checks and answers. */
function inProcess(app: Injectable, token: string | undefined): Parameters<typeof apiOver>[2] {
  return async (method, url, body, contentType) => {
    const { statusCode, rawPayload } = await app.inject({
      method: method as 'GET',
      url,
      headers: {
        host: 'localhost',
        ...(body === undefined ? {} : { 'content-type': contentType }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { payload: Buffer.from(body.buffer, body.byteOffset, body.byteLength) }),
    });
    return { status: statusCode, body: rawPayload };
  };
}
