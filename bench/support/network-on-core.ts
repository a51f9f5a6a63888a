/** Compiles a network for a Cortex-M board and runs it on a virtual core: outputs, cycles of the whole and of each layer. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BoardSpec, buildArm, type Graph, type LowerOptions, lower, type Program } from '@tinypareto/evaluators';
import { type FlashModel, readElf, VirtualCore } from '@tinypareto/hw-agents/virtual';

export interface LayerCycles {
  readonly layer: string;
  readonly op: string;
  readonly kernel: string;
  readonly macs: number;
  readonly cycles: number;
}

export interface CoreRun {
  readonly program: Program;
  readonly outputs: readonly Uint8Array[];
  readonly cycles: number;
  readonly macs: number;
  readonly layers: readonly LayerCycles[];
}

const RAM_BASE = 0x20000000;
/** Room for the stack below the end of RAM is part of the board's RAM; inputs and outputs are placed in extra RAM above it. */
const EXTRA_RAM = 1 << 20;

/** The second of two passes (warm caches). `inputs` are the bytes of each input. */
export async function runOnCore(
  graph: Graph,
  board: BoardSpec,
  inputs: readonly Uint8Array[],
  flash: FlashModel,
  options: LowerOptions = {},
): Promise<CoreRun> {
  const program = lower(graph, board, options);
  const build = await buildArm(
    program,
    { ...board, flashBytes: 8 << 20, ramBytes: 1 << 20 },
    path.join(tmpdir(), 'tinypareto-bench'),
  );
  if (build.kind === 'missing') throw new Error('arm-none-eabi-gcc is not here');
  const image = readElf(build.elf);
  const core = new VirtualCore(
    board.core === 'cortex-m4f' ? 'cortex-m4' : 'cortex-m0plus',
    { flashBase: 0x10000000, flashBytes: 8 << 20, ramBase: RAM_BASE, ramBytes: (1 << 20) + EXTRA_RAM },
    flash,
  );
  core.load(image);
  const address = (name: string) => {
    const symbol = image.symbols.get(name);
    if (symbol === undefined) throw new Error(`the program has no ${name}`);
    return symbol.address;
  };
  let place = RAM_BASE + (1 << 20);
  const reserve = (bytes: number) => {
    const at = place;
    place += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const inputPlaces = inputs.map((bytes) => {
    const at = reserve(bytes.length);
    core.memory.bytesAt(at, bytes.length).set(bytes);
    return at;
  });
  const outputPlaces = program.outputs.map(({ bytes }) => reserve(bytes));
  const stackTop = RAM_BASE + (1 << 20);
  const watch = new Map(program.steps.map((step) => [address(step.kernel), step.kernel]));
  const call = () =>
    core.call(address(`${program.prefix}_infer`), [...inputPlaces, ...outputPlaces], {
      stackTop,
      maxCycles: 1e11,
      watch,
    });
  core.call(address(`${program.prefix}_setup`), [0], { stackTop, maxCycles: 1e9 });
  call();
  const run = call();
  const layers = program.steps.map((step, index) => {
    const layer = program.layers[step.layer];
    return {
      layer: layer.name,
      op: layer.op,
      kernel: step.kernel,
      macs: layer.macs,
      cycles: run.profile[index]?.cycles ?? 0,
    };
  });
  return {
    program,
    outputs: program.outputs.map(({ bytes }, index) => core.memory.bytesAt(outputPlaces[index], bytes).slice()),
    cycles: run.cycles,
    macs: program.layers.reduce((sum, { macs }) => sum + macs, 0),
    layers,
  };
}
