/** `agent`: a process that owns devices and measures on them for a daemon. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { EXIT, UserError } from '../../errors.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { addressOfDaemon, DEFAULT_DATA_FOLDER } from '../open-api.ts';
import { productVersion } from '../product-version.ts';

interface AgentOptions {
  readonly board: string[];
  readonly server?: string;
  readonly data: string;
  readonly id?: string;
  readonly token?: string;
}

export function addAgentCommand(program: Command, run: RunCommand): void {
  program
    .command('agent')
    .description('offer the devices of this computer to a daemon; runs until Ctrl-C')
    .option('--board <board...>', 'devices to offer: host', ['host'])
    .option('--server <address>', 'the daemon (or TINYPARETO_URL); default: the one of the data folder')
    .option('--data <folder>', 'data folder of a local daemon', DEFAULT_DATA_FOLDER)
    .option('--id <id>', 'name of this agent')
    .option('--token <token>', 'access token of the daemon (or TINYPARETO_TOKEN)')
    .action((options: AgentOptions, command: Command) =>
      run(command, async (context) => {
        const server = options.server ?? process.env['TINYPARETO_URL'] ?? addressOfDaemon(options.data);
        if (server === undefined) {
          throw new UserError({
            code: 'DAEMON_UNREACHABLE',
            message: `no daemon runs on the data folder ${options.data}`,
            hint: 'start one with: tinypareto serve, or name one with --server',
            exitCode: EXIT.unavailable,
          });
        }
        const { connectToDaemon, createHostBoard, runAgent } = await import('@tinypareto/hw-agents/agent');
        const boards = options.board.map((name) => {
          if (name === 'host') return createHostBoard();
          throw new UserError({
            code: 'UNKNOWN_BOARD',
            message: `this agent has no driver for board ${JSON.stringify(name)}`,
            hint: 'boards that it can offer: host',
            exitCode: EXIT.usage,
          });
        });
        const agentId = options.id ?? `${hostname().replaceAll(/[^A-Za-z0-9._-]/g, '-')}-${process.pid}`;
        context.note(`agent ${agentId} dials ${server}; Ctrl-C ends it`);
        await runAgent({
          agentId,
          version: productVersion(),
          boards,
          connection: connectToDaemon(server, options.token ?? process.env['TINYPARETO_TOKEN']),
          signal: context.signal,
          log: context.note,
        });
        return answer({ agentId, server, state: 'stopped' }, () => '', EXIT.done);
      }),
    );
}
