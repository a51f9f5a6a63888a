/** Messages of the agent protocol (docs/protocol.md). */
export * from './distribution.ts';
export * from './messages.ts';
