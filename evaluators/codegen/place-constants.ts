/**
 * Which constants are copied to RAM at the start of the program because flash is slow: those whose reading takes most waits for their
 * bytes, as long as RAM is left beside the arena and the stack.
 */
import type { BoardSpec } from '../board-spec.ts';
import { predictSizes } from './predict/predict-sizes.ts';
import { predictLatency } from './predict/speed-model.ts';
import type { Program, ProgramConstant } from './program.ts';

/** Left for the stack and what else a program has. */
const RESERVED_BYTES = 16384;

/** Smaller gains than this share of an inference are not worth any RAM. */
const LEAST_GAIN = 0.005;

function withInRam(program: Program, chosen: ReadonlySet<string>): Program {
  const constants = program.constants.map(
    (constant): ProgramConstant => (chosen.has(constant.id) ? { ...constant, inRam: true } : constant),
  );
  return { ...program, constants };
}

/** The program with constants in RAM; the same one where that gains nothing, or where RAM has several banks. */
export function constantsInRam(program: Program, board: BoardSpec): Program {
  if (board.flashTiming === undefined || board.ramBanks !== undefined) return program;
  let left = board.ramBytes - RESERVED_BYTES - predictSizes(program, board).ramBytes;
  const before = predictLatency(program, board);
  if (before.waitCycles < LEAST_GAIN * before.cycles) return program;
  const chosen = new Set<string>();
  for (const constant of byWaits(program, board, before.waitCycles)) {
    const bytes = Math.ceil(constant.bytes / 4) * 4;
    if (bytes === 0 || bytes > left) continue;
    chosen.add(constant.id);
    left -= bytes;
  }
  const placed = withInRam(program, chosen);
  const gain = before.waitCycles - predictLatency(placed, board).waitCycles;
  return gain < LEAST_GAIN * before.cycles ? program : placed;
}

/** Most waits a byte first. */
function byWaits(program: Program, board: BoardSpec, all: number): ProgramConstant[] {
  const gains = program.constants.map((constant) => {
    const without = predictLatency(withInRam(program, new Set([constant.id])), board).waitCycles;
    return { constant, gain: (all - without) / Math.max(1, constant.bytes) };
  });
  return gains.sort((a, b) => b.gain - a.gain).map(({ constant }) => constant);
}
