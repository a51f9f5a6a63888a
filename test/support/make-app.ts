/** A daemon on a temporary folder, and short calls to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InjectOptions } from 'fastify';
import { type App, type AppConfig, createApp } from '../../src/app.ts';

/** JSON of an answer: any member may be read, and is undefined where there is none. */
export interface Json {
  readonly [key: string]: Json;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON; members are checked by the test. */
  readonly json: Json;
}

export interface TestApp extends App {
  readonly folder: string;
  call(method: string, url: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export async function makeApp(config: Partial<AppConfig> = {}): Promise<TestApp> {
  const folder = config.dataFolder ?? mkdtempSync(path.join(tmpdir(), 'tinypareto-app-'));
  const opened = await createApp({ ...config, dataFolder: folder });
  return {
    ...opened,
    folder,
    call: async (method, url, body, headers = {}) => {
      const options: InjectOptions = {
        method: method as 'GET',
        url,
        headers,
        ...(body !== undefined && { payload: body as object }),
      };
      const { statusCode, headers: answered, body: text } = await opened.app.inject(options);
      let json: unknown = null;
      try {
        json = JSON.parse(text);
      } catch {
        // Not every answer is JSON.
      }
      return { status: statusCode, headers: answered, text, json: json as Json };
    },
    close: async () => {
      await opened.close();
      if (config.dataFolder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}
