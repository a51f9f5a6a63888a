/**
 * The front of two objectives, minimising, as a treap ordered by x: adding a point costs O(log n) expected, plus the points it removes.
 * Priorities come from a fixed integer hash, so that the same points always build the same tree.
 */

interface Node {
  readonly x: number;
  readonly y: number;
  readonly priority: number;
  left: Node | null;
  right: Node | null;
}

function hash(counter: number): number {
  let h = Math.imul(counter ^ (counter >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Nodes with x < at, and the rest. */
function split(node: Node | null, at: number): [Node | null, Node | null] {
  if (node === null) return [null, null];
  if (node.x < at) {
    const [left, right] = split(node.right, at);
    node.right = left;
    return [node, right];
  }
  const [left, right] = split(node.left, at);
  node.left = right;
  return [left, node];
}

function merge(left: Node | null, right: Node | null): Node | null {
  if (left === null) return right;
  if (right === null) return left;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    return left;
  }
  right.left = merge(left, right.left);
  return right;
}

function leftmost(node: Node): Node {
  let at = node;
  while (at.left !== null) at = at.left;
  return at;
}

function rightmost(node: Node | null): Node | null {
  let at = node;
  while (at?.right) at = at.right;
  return at;
}

function withoutLeftmost(node: Node): Node | null {
  if (node.left === null) return node.right;
  node.left = withoutLeftmost(node.left);
  return node;
}

export class Staircase {
  readonly #referenceX: number;
  readonly #referenceY: number;
  #root: Node | null = null;
  #counter = 0;

  constructor(referenceX: number, referenceY: number) {
    this.#referenceX = referenceX;
    this.#referenceY = referenceY;
  }

  /** Adds (x, y) and returns the area it adds; 0 (and no change) for a point that is dominated, equal or not below the reference. */
  add(x: number, y: number): number {
    if (!(x < this.#referenceX && y < this.#referenceY)) return 0;
    const [before, from] = split(this.#root, x);
    const previous = rightmost(before);
    let height = previous === null ? this.#referenceY : previous.y;
    let rest = from;
    let next = rest === null ? null : leftmost(rest);
    if (height <= y || (next !== null && next.x === x && next.y <= y)) {
      this.#root = merge(before, from);
      return 0;
    }
    let area = 0;
    let left = x;
    while (rest !== null && next !== null && next.y >= y) {
      area += (next.x - left) * (height - y);
      left = next.x;
      height = next.y;
      rest = withoutLeftmost(rest);
      next = rest === null ? null : leftmost(rest);
    }
    area += ((next === null ? this.#referenceX : next.x) - left) * (height - y);
    const node: Node = { x, y, priority: hash(++this.#counter), left: null, right: null };
    this.#root = merge(merge(before, node), rest);
    return area;
  }
}
