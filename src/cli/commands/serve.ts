/** `serve`: the daemon, until Ctrl-C. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { answer, type RunCommand } from '../command-context.ts';
import { DEFAULT_DATA_FOLDER } from '../open-api.ts';
import { parseCount, parsePositive } from '../parse-options.ts';

interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly token?: string;
  readonly allowHost?: string[];
  readonly parallel: number;
  readonly logLevel: string;
}

export function addServeCommand(program: Command, run: RunCommand): void {
  program
    .command('serve')
    .description('run the daemon: REST API, campaigns, agents')
    .option('--port <n>', '0 = a free one', parseCount, 8080)
    .option('--host <address>', 'other than loopback needs a token', '127.0.0.1')
    .option('--data <folder>', 'data folder', DEFAULT_DATA_FOLDER)
    .option('--token <token>', 'needed for every call when given (or TINYPARETO_TOKEN)')
    .option('--allow-host <name...>', 'further names under which it may be called')
    .option('--parallel <n>', 'trials at the same time', parsePositive, Math.max(1, availableParallelism()))
    .option('--log-level <level>', 'fatal, error, warn, info, debug, trace', 'warn')
    .action((options: ServeOptions, command: Command) =>
      run(command, async (context) => {
        const { openLocalDaemon } = await import('../local-daemon.ts');
        const token = options.token ?? process.env['TINYPARETO_TOKEN'];
        const daemon = await openLocalDaemon({
          dataFolder: options.data,
          listen: { host: options.host, port: options.port },
          threads: options.parallel,
          logLevel: options.logLevel,
          log: context.note,
          ...(token === undefined ? {} : { token }),
          ...(options.allowHost === undefined ? {} : { allowedHosts: options.allowHost }),
        });
        context.note(`tinypareto listens on ${daemon.url}, data in ${options.data}`);
        context.note(`API documentation: ${daemon.url}/docs`);
        if (context.json)
          process.stdout.write(`${JSON.stringify({ state: 'listening', url: daemon.url, data: options.data })}\n`);
        if (!context.signal.aborted) {
          await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
        }
        await daemon.close();
        return answer({ state: 'stopped', url: daemon.url }, () => '');
      }),
    );
}
