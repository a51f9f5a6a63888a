/** Ports to devices. */
export * from './board-port.ts';
