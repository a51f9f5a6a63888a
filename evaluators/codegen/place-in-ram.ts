/**
 * What is copied to RAM at the start of the program because flash is slow: constants whose reading takes most waits for their bytes, as long
 * as RAM is left beside the arena and the stack; and before them the code of the inner loops, where constants that stay in flash push it out of
 * the cache.
 */
import type { BoardSpec } from '../board-spec.ts';
import { hotFunctions } from './emit/runtime-files.ts';
import { calledFunctions } from './kernels/called-functions.ts';
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

/** Code takes few bytes: less will do. */
const LEAST_GAIN_OF_CODE = 0.0002;

/** The program with code and constants in RAM; the same one where that gains nothing, or where RAM has several banks. */
export function placedInRam(program: Program, board: BoardSpec): Program {
  const constants = constantsInRam(program, board);
  const codeInRam = hotFunctions(calledFunctions(program));
  if (board.flashTiming === undefined || board.ramBanks !== undefined || codeInRam.length === 0) return constants;
  const withCode = { ...program, codeInRam };
  if (predictSizes(withCode, board).ramBytes > board.ramBytes - RESERVED_BYTES) return constants;
  const both = constantsInRam(withCode, board);
  const [cycles, without] = [both, constants].map((each) => predictLatency(each, board).cycles);
  return cycles <= (1 - LEAST_GAIN_OF_CODE) * without ? both : constants;
}

function constantsInRam(program: Program, board: BoardSpec): Program {
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
