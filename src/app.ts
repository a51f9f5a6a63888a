/**
 * The composition root: locks the data folder, opens the stores, and connects studies, HTTP and whatever evaluates campaigns.
 * Everything that is not the daemon's own is injected.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { EXIT, UserError } from './errors.ts';
import type { AgentPort } from './http/agents-routes.ts';
import { equalHashes, hashToken, isLoopback } from './http/guard.ts';
import { createHttpApp } from './http/http-app.ts';
import { SCOPES } from './http/scope.ts';
import { FileStore } from './store/file-store.ts';
import { type FolderLock, lockFolder } from './store/folder-lock.ts';
import { SqliteStore } from './store/sqlite-store.ts';
import type { TrialStore } from './store/trial-store.ts';
import { Evaluations } from './study/evaluations.ts';
import { Explainer } from './study/explainer.ts';
import type { CampaignPlanner, DescribeModel, Evaluator, ListBoards } from './study/ports.ts';
import { StudyService } from './study/study-service.ts';
import { type Clock, systemClock } from './trial/clock.ts';

export interface AppConfig {
  /** Holds the database, artifacts and uploads. Locked until `close`. */
  readonly dataFolder: string;
  /** Address that will be listened on; decides which Host headers are accepted. Default 127.0.0.1. */
  readonly host?: string;
  /** A token with all scopes. Needed for an address that is not loopback; where given, no call goes without one. */
  readonly token?: string;
  readonly allowedHosts?: readonly string[];
  readonly planner?: CampaignPlanner | null;
  readonly evaluator?: Evaluator | null;
  readonly agentHub?: AgentPort | null;
  readonly describeModel?: DescribeModel | null;
  readonly boards?: ListBoards;
  readonly clock?: Clock;
  /** Instead of the SQLite file in the data folder. */
  readonly store?: TrialStore;
  readonly logLevel?: string;
  readonly bodyLimitBytes?: number;
  readonly modelLimitBytes?: number;
  readonly datasetLimitBytes?: number;
  readonly requestsPerMinute?: number | null;
}

export interface App {
  readonly app: FastifyInstance;
  readonly service: StudyService;
  readonly files: FileStore;
  /** Listens and says in the data folder where. Returns the address. */
  listen(port: number): Promise<string>;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

function version(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

function checkAddress(host: string, token: string | undefined): void {
  if (isLoopback(host) || (token !== undefined && token.length >= 16)) return;
  throw new UserError({
    code: 'TOKEN_NEEDED',
    message: `listening on ${host} opens the daemon to the network: a token of at least 16 characters is needed`,
    hint: 'give one with TINYPARETO_TOKEN, or listen on 127.0.0.1',
    exitCode: EXIT.usage,
  });
}

async function openAll(config: AppConfig, lock: FolderLock): Promise<App> {
  const { dataFolder, token, host = '127.0.0.1' } = config;
  const store = config.store ?? new SqliteStore(dataFolder);
  const files = await FileStore.open(path.join(dataFolder, 'artifacts'));
  const service = await StudyService.open({
    store,
    clock: config.clock ?? systemClock,
    planner: config.planner ?? null,
  });
  const evaluations = new Evaluations(store, files, config.evaluator ?? null);
  await evaluations.recover();
  const explainer = new Explainer();
  const ownHash = token === undefined ? null : hashToken(token);
  const app = await createHttpApp({
    service,
    files,
    evaluations,
    explainer,
    describeModel: config.describeModel ?? null,
    agentHub: config.agentHub ?? null,
    listBoards: config.boards ?? (() => []),
    guard: {
      host,
      allowedHosts: config.allowedHosts ?? [],
      scopesOf: (hash) => (ownHash !== null && equalHashes(hash, ownHash) ? SCOPES : null),
      needsToken: () => ownHash !== null,
    },
    version: version(),
    ...(config.logLevel !== undefined && { logLevel: config.logLevel }),
    bodyLimitBytes: config.bodyLimitBytes ?? MIB,
    modelLimitBytes: config.modelLimitBytes ?? 512 * MIB,
    datasetLimitBytes: config.datasetLimitBytes ?? 4096 * MIB,
    requestsPerMinute: config.requestsPerMinute ?? null,
  });
  return {
    app,
    service,
    files,
    listen: async (port) => {
      const url = await app.listen({ host, port });
      lock.announce(url);
      return url;
    },
    close: async () => {
      await app.close();
      evaluations.close();
      await explainer.close();
      await service.close();
      await store.close();
      lock.release();
    },
  };
}

/** Opens the daemon on a data folder; `listen` makes it reachable. Throws `UserError` DATA_FOLDER_LOCKED when another one has it. */
export async function createApp(config: AppConfig): Promise<App> {
  checkAddress(config.host ?? '127.0.0.1', config.token);
  const lock = lockFolder(config.dataFolder);
  try {
    return await openAll(config, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}
