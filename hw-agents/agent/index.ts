/** The agent process: owns devices and speaks the agent protocol. */
export { type AgentOptions, runAgent } from './agent.ts';
export { ConnectionError, connectToDaemon, type DaemonConnection } from './daemon-connection.ts';
export { createHostBoard } from './host-board.ts';
export { Lease, LeaseLostError, type MonotonicClock, systemClock } from './lease.ts';
