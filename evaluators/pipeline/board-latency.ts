/** Latency of a compressed network on the virtual boards, which must compute what the interpreter computed. */
import type { BoardSpec } from '../board-spec.ts';
import type { Program } from '../codegen/program.ts';
import type { Metric } from '../outcome.ts';
import { outputDifference } from './compare-outputs.ts';
import type { MeasurementKit } from './evaluation.ts';
import { runOnVirtualBoard } from './virtual-board.ts';

/** A device computed something else than the interpreter. */
export class WrongOutputError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongOutputError';
  }
}

/** Median over the kit's inputs, in microseconds at the board's clock. Throws WrongOutputError, NoVirtualBoardError or BuildError. */
export async function modelLatency(
  program: Program,
  board: BoardSpec,
  kit: Pick<MeasurementKit, 'inputs' | 'expectedOutputs'>,
  options: { readonly buildFolder: string; readonly floatTolerance?: number },
): Promise<Metric> {
  const inputs = kit.inputs.map((bytes) => splitBytes(bytes, program.inputs));
  const run = await runOnVirtualBoard(program, board, inputs, options.buildFolder);
  run.inferences.forEach(({ outputs }, i) => {
    const difference = outputDifference(
      new Uint8Array(Buffer.concat(outputs)),
      kit.expectedOutputs[i],
      options.floatTolerance,
    );
    if (difference === undefined) return;
    throw new WrongOutputError(
      `on ${board.title} the output for sample ${i} differs from the interpreter's ${difference}`,
    );
  });
  const cycles = run.inferences.map((inference) => inference.cycles).sort((a, b) => a - b);
  const median = (cycles[(cycles.length - 1) >> 1] + cycles[cycles.length >> 1]) / 2;
  return { mean: (median / board.clockHz) * 1e6, provenance: 'modelled' };
}

/** The bytes of each port out of the bytes of all, one after the other. */
function splitBytes(bytes: Uint8Array, ports: Program['inputs']): Uint8Array[] {
  let start = 0;
  return ports.map((port) => {
    const own = bytes.subarray(start, start + port.bytes);
    start += port.bytes;
    return own;
  });
}
