/**
 * Cycles of single instructions. Cortex-M0+: ARM DDI 0484C, table 3-1. Cortex-M4: ARM's instruction timing table as restated for
 * `kernels-model-1` (the model that the published per-layer figures of other kernel libraries were counted in), so that
 * figures compare. Nothing here is measured on silicon.
 */
import type { CycleClass, Instruction } from './instruction.ts';

export type Core = 'cortex-m0plus' | 'cortex-m4';

export interface CycleTable {
  /** Cycles when executed and, for branches, not taken. */
  readonly base: Readonly<Record<CycleClass, number>>;
  /** Added when a conditional branch is taken. */
  readonly takenExtra: number;
  /** A load after a load that does not feed its address costs 1. */
  readonly pairsLoads: boolean;
}

/** Branch refill P of the M4, 1…3 on silicon; 1 for short taken branches on an nRF52840. */
const P = 1;

const M0PLUS: CycleTable = {
  base: {
    alu: 1,
    multiply: 1,
    longMultiply: 1,
    divide: 1,
    load: 2,
    store: 2,
    storeRegister: 2,
    dual: 3,
    branch: 1,
    call: 3,
    indirect: 2,
    loadPc: 4,
    tableBranch: 6,
    special: 3,
    nop: 1,
    fpuLoad: 2,
    fpuArithmetic: 1,
    fpuMultiplyAdd: 3,
    fpuDivide: 14,
    popPc: 2,
    multiple: 1,
    fpuMultiple: 1,
  },
  takenExtra: 1,
  pairsLoads: false,
};

const M4: CycleTable = {
  base: {
    alu: 1,
    multiply: 1,
    longMultiply: 1,
    divide: 7,
    load: 2,
    store: 1,
    storeRegister: 2,
    dual: 3,
    branch: 1,
    call: 1 + P,
    indirect: 3,
    loadPc: 4,
    tableBranch: 6,
    special: 1,
    nop: 1,
    fpuLoad: 2,
    fpuArithmetic: 1,
    fpuMultiplyAdd: 3,
    fpuDivide: 14,
    popPc: 3,
    multiple: 1,
    fpuMultiple: 1,
  },
  takenExtra: P,
  pairsLoads: true,
};

export function cycleTable(core: Core): CycleTable {
  return core === 'cortex-m4' ? M4 : M0PLUS;
}

/** Cycles of an instruction that follows `previous` in the same block. Unconditional branches include the refill. */
export function cyclesOf(table: CycleTable, instruction: Instruction, previous: Instruction | null): number {
  const unconditional =
    instruction.flow.kind === 'branch' && instruction.flow.condition === null ? table.takenExtra : 0;
  const base = table.base[instruction.cycleClass] + instruction.transfers + unconditional;
  if (!table.pairsLoads || previous === null) return base;
  const { memory } = instruction;
  const pairable = memory.kind === 'load' || memory.kind === 'storeRegisterOffset';
  if (!pairable || previous.memory.kind !== 'load' || memory.address.includes(previous.memory.target)) return base;
  return 1;
}
