/**
 * One instance of the training engine: a memory and the call that runs steps on it. The C source in engine/ is compiled to
 * WebAssembly (committed) and, where a compiler is at hand, natively for this machine. Both follow the same order of operations, but the
 * vector width and fused multiply-adds differ: results are reproducible per kind of engine.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { loadNativeAddon, type NativeAddon, nativeAddonName } from './native-engine.ts';

export type EngineKind = 'wasm' | 'native';

export interface Engine {
  readonly kind: EngineKind;
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

const NATIVE_BASE = 64;

function wasmBytes(): Uint8Array {
  return readFileSync(new URL('./engine/engine.wasm', import.meta.url));
}

function createWasmEngine(): Engine {
  compiled ??= new WebAssembly.Module(wasmBytes());
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

function createNativeEngine(addon: NativeAddon): Engine {
  let memory = new ArrayBuffer(0);
  return {
    kind: 'native',
    heapBase: NATIVE_BASE,
    workspaceBytes: addon.workspaceBytes(),
    reserve(bytes) {
      if (bytes > memory.byteLength) {
        const grown = new ArrayBuffer(bytes);
        new Uint8Array(grown).set(new Uint8Array(memory));
        memory = grown;
      }
      return memory;
    },
    run: (words, count, workspace) => addon.run(memory, words, count, workspace),
  };
}

/** The addon to use, undefined for WebAssembly. Throws when native is demanded and cannot be built. */
function chooseAddon(kind: EngineKind | undefined): NativeAddon | undefined {
  const wish = kind ?? process.env['TINYPARETO_ENGINE'];
  if (wish === 'wasm') return undefined;
  const addon = loadNativeAddon();
  if (addon !== undefined || wish !== 'native') return addon;
  throw new Error('the native training engine needs a C compiler (gcc, or the one named by CC)');
}

/** What decides the bits of the results of `createEngine(kind)`: kind, sources and, natively, compiler and processor. */
export function describeEngine(kind?: EngineKind): string {
  if (chooseAddon(kind) !== undefined) return `native ${nativeAddonName()}`;
  return `wasm ${createHash('sha256').update(wasmBytes()).digest('hex')}`;
}

/**
 * A fresh engine with its own memory; garbage collection frees it. Without a `kind`, the environment variable TINYPARETO_ENGINE decides
 * (`wasm` or `native`), else native where it can be built. Throws when native is demanded and cannot be built.
 */
export function createEngine(kind?: EngineKind): Engine {
  const addon = chooseAddon(kind);
  return addon === undefined ? createWasmEngine() : createNativeEngine(addon);
}
