/**
 * One instance of the training engine: a memory and the call that runs steps on it. The C source in engine/ is compiled to
 * WebAssembly (committed).
 */
import { readFileSync } from 'node:fs';

export interface Engine {
  readonly kind: 'wasm' | 'native';
  /** First byte that programs may use. */
  readonly heapBase: number;
  readonly workspaceBytes: number;
  /** Makes the memory at least `bytes` large; earlier views of it become invalid. */
  reserve(bytes: number): ArrayBuffer;
  /** Runs `count` words of steps at byte offset `words`. */
  run(words: number, count: number, workspace: number): void;
}

/** The part of the WebAssembly interface that is used here (TypeScript declares it for browsers only). */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly heap_base: () => number;
  readonly workspace_bytes: () => number;
  readonly run: (words: number, count: number, workspace: number) => void;
}

const PAGE_BYTES = 65536;
let compiled: object | undefined;

/** A fresh engine with its own memory; garbage collection frees it. */
export function createEngine(): Engine {
  compiled ??= new WebAssembly.Module(readFileSync(new URL('./engine/engine.wasm', import.meta.url)));
  const exports = new WebAssembly.Instance(compiled, {}).exports as Exports;
  return {
    kind: 'wasm',
    heapBase: exports.heap_base(),
    workspaceBytes: exports.workspace_bytes(),
    reserve(bytes) {
      const missing = bytes - exports.memory.buffer.byteLength;
      if (missing > 0) exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
      return exports.memory.buffer;
    },
    run: exports.run,
  };
}
