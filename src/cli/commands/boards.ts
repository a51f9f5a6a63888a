/** `boards`: the board types, and the devices that agents of a running daemon offer. */
import type { Command } from 'commander';
import type { AgentView } from '../../runner/agent-view.ts';
import { answer, type RunCommand } from '../command-context.ts';
import { formatBytes } from '../format-values.ts';
import { type ApiOptions, addressOfDaemon, withApiOptions } from '../open-api.ts';
import { renderTable } from '../render-table.ts';
import { withApi } from '../with-api.ts';

export function addBoardsCommand(program: Command, run: RunCommand): void {
  withApiOptions(program.command('boards'))
    .description('list the board types, and the devices of a running daemon')
    .action((options: ApiOptions, command: Command) =>
      run(command, async () => {
        const { listBoards } = await import('../../runner/board-specs.ts');
        const boards = listBoards();
        const agents = await connectedAgents(options);
        const devices = agents.flatMap((agent) => agent.devices);
        return answer({ boards, devices }, () =>
          [
            renderTable(
              [
                { title: 'board' },
                { title: '' },
                { title: 'clock', align: 'right' },
                { title: 'flash', align: 'right' },
                { title: 'RAM', align: 'right' },
                { title: 'devices', align: 'right' },
              ],
              boards.map((board) => [
                board.name,
                board.title,
                board.core === 'host' ? '' : `${board.clockHz / 1e6} MHz`,
                board.core === 'host' ? '' : formatBytes(board.flashBytes),
                board.core === 'host' ? '' : formatBytes(board.ramBytes),
                String(devices.filter((device) => device.board === board.name).length),
              ]),
            ),
            ...devices.map(
              (device) =>
                `${device.deviceId}: ${device.board}, ${device.state}${device.reason === null ? '' : ` (${device.reason})`}, agent ${device.agentId}`,
            ),
          ].join('\n'),
        );
      }),
    );
}

async function connectedAgents(options: ApiOptions): Promise<readonly AgentView[]> {
  const url = options.url ?? process.env['TINYPARETO_URL'] ?? addressOfDaemon(options.data ?? '');
  if (url === undefined) return [];
  const { agents } = await withApi({ ...options, url }, (api) =>
    api.json<{ agents: AgentView[] }>('GET', '/v1/agents'),
  );
  return agents;
}
