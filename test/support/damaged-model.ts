/** Models with random damage, and the whole way that a model takes until it is C: every end is sound, or an error that says what is wrong. */
import {
  CompressionError,
  emitC,
  exportOnnx,
  fuseQuantized,
  importOnnx,
  interpret,
  lower,
  OnnxImportError,
  simplify,
  UnsupportedNodesError,
  validateGraph,
  zeros,
} from '@tinypareto/evaluators';
import { board } from './boards.ts';

export class DamageRandom {
  #state: number;
  constructor(seed: number) {
    this.#state = (Math.imul(seed + 1, 2654435761) ^ 0x5bd1e995) >>> 0 || 1;
  }
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    this.#state >>>= 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }
}

/** Flipped bits, wild bytes, numbers that became huge, cut ends, doubled and removed stretches. */
export function damage(original: Uint8Array, random: DamageRandom): Uint8Array {
  let bytes = Uint8Array.from(original);
  for (let count = 1 + random.below(4); count > 0 && bytes.length > 0; count--) {
    const at = random.below(bytes.length);
    const length = 1 + random.below(Math.min(40, bytes.length - at));
    switch (random.below(7)) {
      case 0:
        bytes[at] ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = random.below(256);
        break;
      case 2:
        bytes.fill(0xff, at, Math.min(at + 1 + random.below(9), bytes.length));
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = Uint8Array.from([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
        break;
      case 5:
        bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
        break;
      default:
        bytes.copyWithin(random.below(bytes.length), at, at + length);
    }
  }
  return bytes;
}

export type Ending = 'ran' | 'rejected' | 'unsupported';

/** Import, rewriting, one inference, export, C sources. Throws every error that is not one of ours. */
export function runToTheEnd(bytes: Uint8Array): Ending {
  try {
    const graph = importOnnx(bytes);
    validateGraph(simplify(graph));
    interpret(graph, new Map(graph.inputs.map(({ name, dtype, shape }) => [name, zeros(dtype, shape)])));
    importOnnx(exportOnnx(graph));
    emitC(lower(fuseQuantized(graph), board('nano33ble')));
    return 'ran';
  } catch (error) {
    if (error instanceof OnnxImportError) return 'rejected';
    if (error instanceof UnsupportedNodesError || error instanceof CompressionError) return 'unsupported';
    throw error;
  }
}
