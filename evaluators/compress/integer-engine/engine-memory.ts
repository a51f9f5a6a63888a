/** One instance of the integer engine: its memory, filled at compile time, and the call that runs a step. */
import { readFileSync } from 'node:fs';

/** Operations of engine/engine.h, in its order. */
export const OPERATIONS = [
  'conv',
  'dense',
  'maxPool',
  'averagePool',
  'mean',
  'add',
  'mul',
  'table',
  'quantize',
  'dequantize',
  'softmax',
] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The part of the WebAssembly interface that is used here (TypeScript declares it for browsers only). */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly heap_base: () => number;
  readonly run: (words: number, samples: number) => void;
}

const PAGE_BYTES = 65536;
const ALIGN = 64;
/** Kernels read and write up to a vector past the end of a row. */
const SLACK = 64;
let compiled: object | undefined;

const bits = new DataView(new ArrayBuffer(4));

/** The word that holds a float. */
export function floatWord(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

export class EngineMemory {
  readonly #exports: Exports;
  #top: number;

  constructor() {
    compiled ??= new WebAssembly.Module(readFileSync(new URL('./engine/engine.wasm', import.meta.url)));
    this.#exports = new WebAssembly.Instance(compiled, {}).exports as Exports;
    this.#top = this.#exports.heap_base();
  }

  get buffer(): ArrayBuffer {
    return this.#exports.memory.buffer;
  }

  /** Address of `bytes` fresh bytes, zero, with slack behind them. */
  reserve(bytes: number): number {
    const at = Math.ceil(this.#top / ALIGN) * ALIGN;
    this.#top = at + bytes + SLACK;
    const missing = this.#top + SLACK - this.buffer.byteLength;
    if (missing > 0) this.#exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    return at;
  }

  /** Address of a copy of `data`. */
  place(data: Int8Array | Uint8Array | Int16Array | Int32Array | Float32Array | Float64Array): number {
    const at = this.reserve(data.byteLength);
    new Uint8Array(this.buffer, at, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return at;
  }

  /** Address of a step. */
  step(operation: Operation, args: readonly number[]): number {
    return this.place(Int32Array.of(OPERATIONS.indexOf(operation), ...args));
  }

  run(step: number, samples: number): void {
    this.#exports.run(step, samples);
  }
}
