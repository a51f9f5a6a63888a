/** A network that cannot become C for the asked board; names every offending node at once. */

export interface UnsupportedNode {
  readonly node: string;
  readonly op: string;
  readonly reason: string;
}

export class UnsupportedNodesError extends Error {
  readonly nodes: readonly UnsupportedNode[];

  constructor(nodes: readonly UnsupportedNode[]) {
    const list = nodes.map(({ node, op, reason }) => `${JSON.stringify(node)} (${op}): ${reason}`);
    super(`${nodes.length} node${nodes.length === 1 ? '' : 's'} cannot be compiled to C: ${list.join('; ')}`);
    this.name = 'UnsupportedNodesError';
    this.nodes = nodes;
  }
}

/** Thrown while one node is lowered; collected into an UnsupportedNodesError. */
export class LoweringError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'LoweringError';
  }
}
