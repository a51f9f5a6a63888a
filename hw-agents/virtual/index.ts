/** Virtual boards: cores that execute the very machine code and count modelled cycles. */
export type { Core } from './cycle-table.ts';
export { type ElfImage, type ElfSymbol, readElf } from './elf-image.ts';
export { BusFault, type FlashModel, type MemoryLayout } from './memory.ts';
export { UndefinedInstruction } from './translate-region.ts';
export { BudgetExceeded, type CallResult, ProgramStopped, VirtualCore, type WatchedCall } from './virtual-core.ts';
