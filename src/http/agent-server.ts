/** Only the agent protocol, on the loopback address: for one measurement without a daemon. */
import Fastify, { type FastifyInstance } from 'fastify';
import { ProblemSchema } from '../contract/problem.ts';
import { type AgentPort, agentsRoutes } from './agents-routes.ts';
import { installBodies } from './body-parsing.ts';
import { installGuard } from './guard.ts';
import { installProblems } from './problem-document.ts';

/** Not listening yet. */
export async function createAgentServer(hub: AgentPort): Promise<FastifyInstance> {
  const app = Fastify({ forceCloseConnections: true });
  installProblems(app);
  installGuard(app, { host: '127.0.0.1', allowedHosts: [], scopesOf: () => null, needsToken: () => false });
  installBodies(app, [ProblemSchema]);
  await app.register(agentsRoutes(hub, () => []));
  return app;
}
