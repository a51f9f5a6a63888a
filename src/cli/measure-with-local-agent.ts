/**
 * One measurement on this computer by the same road as on any board: a hub, its HTTP endpoints on a free loopback port, and an agent
 * that dials them.
 */
import { type BoardSpec, type Graph, type Tensor, toleranceFor } from '@tinypareto/evaluators';
import type { Measurement } from '@tinypareto/hw-agents/protocol';
import { EXIT, UserError } from '../errors.ts';
import { AgentHub } from '../runner/agent-hub.ts';
import { expectedBytes, hostProgram, inputBytes } from '../runner/host-program.ts';
import { MeasureError } from '../runner/measure-request.ts';
import type { CommandContext } from './command-context.ts';
import { productVersion } from './product-version.ts';

const WARM_UP_RUNS = 2;
const REGISTER_SECONDS = 30;

/** Throws UserError NUMERIC when the outputs differ, TOOL_MISSING without a compiler, and MEASUREMENT_FAILED otherwise. */
export async function measureWithLocalAgent(
  graph: Graph,
  feeds: ReadonlyMap<string, Tensor>,
  board: BoardSpec,
  runs: number,
  context: CommandContext,
): Promise<{ device: string; measurement: Measurement }> {
  const [{ createAgentServer }, { connectToDaemon, createHostBoard, runAgent }] = await Promise.all([
    import('../http/agent-server.ts'),
    import('@tinypareto/hw-agents/agent'),
  ]);
  const hub = new AgentHub();
  const app = await createAgentServer(hub);
  const server = await app.listen({ host: '127.0.0.1', port: 0 });
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, context.signal]);
  const agent = runAgent({
    agentId: `measure-${process.pid}`,
    version: productVersion(),
    boards: [createHostBoard()],
    connection: connectToDaemon(server),
    signal,
    waitSeconds: 5,
  });
  try {
    await Promise.race([waitForDevice(hub, board.name, signal), agent]);
    const measurement = await hub.measure({
      board: board.name,
      program: hostProgram(graph, board),
      inputs: [inputBytes(graph, feeds)],
      expectedOutputs: [expectedBytes(graph, feeds)],
      ...toleranceFor(graph),
      runs,
      warmup: WARM_UP_RUNS,
      signal,
      onPhase: (phase) => context.note(phase),
    });
    return { device: measurement.deviceIdAfter, measurement };
  } catch (error) {
    throw asUserError(error);
  } finally {
    stop.abort();
    await agent.catch(() => {});
    hub.close();
    await app.close();
  }
}

async function waitForDevice(hub: AgentHub, board: string, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + REGISTER_SECONDS * 1000;
  while (!hub.has(board) && !signal.aborted && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function asUserError(error: unknown): unknown {
  if (error instanceof Error && error.name === 'BoardError') {
    return new UserError({
      code: 'TOOL_MISSING',
      message: error.message,
      hint: 'tinypareto doctor',
      exitCode: EXIT.unavailable,
    });
  }
  if (!(error instanceof MeasureError)) return error;
  return new UserError({
    code: error.errorClass === 'NUMERIC' ? 'NUMERIC' : 'MEASUREMENT_FAILED',
    message: error.message,
    ...(error.evidence === undefined ? {} : { hint: error.evidence }),
    exitCode: error.retryable ? EXIT.tryAgain : EXIT.fault,
  });
}
