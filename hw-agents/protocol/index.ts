/** Messages of the agent protocol (docs/protocol.md). */
export const PROTOCOL_VERSION = 1;
