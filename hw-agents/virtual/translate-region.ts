/**
 * Translates Thumb code into JavaScript functions. A region is every block that direct branches and returns from calls can reach
 * from an entry; it becomes one function with a switch over its blocks, registers in local variables and the cycles of each block
 * added up beforehand. Calls and indirect branches leave the region through the dispatcher.
 */
import { type CycleTable, cyclesOf } from './cycle-table.ts';
import { decodeFpu } from './decode-fpu.ts';
import { decodeThumb16, finish } from './decode-thumb16.ts';
import { decodeThumb32 } from './decode-thumb32.ts';
import { conditionText, type Instruction } from './instruction.ts';
import type { Memory } from './memory.ts';

export interface Region {
  /** Block start address -> the argument that enters there. */
  readonly entries: ReadonlyMap<number, number>;
  /** JavaScript text of a function (block) -> next address, or -1 after a stop (reason in M.stop). */
  readonly source: string;
}

interface Block {
  readonly start: number;
  readonly instructions: readonly Instruction[];
  /** Address after the last instruction. */
  readonly end: number;
}

export class UndefinedInstruction extends Error {
  constructor(address: number, h1: number, h2: number) {
    super(
      `undefined instruction 0x${h1.toString(16).padStart(4, '0')} ${h2.toString(16).padStart(4, '0')} at 0x${address.toString(16)}`,
    );
    this.name = 'UndefinedInstruction';
  }
}

const MOST_BLOCKS = 600;

export function translateRegion(
  memory: Memory,
  table: CycleTable,
  entry: number,
  known: (address: number) => boolean,
): Region {
  const leaders = findLeaders(memory, entry);
  const starts = [...leaders].sort((a, b) => a - b).filter((start) => start === entry || !known(start));
  const blocks = starts.map((start) => readBlock(memory, start, leaders));
  const entries = new Map(blocks.map((block, index) => [block.start, index]));
  const cases = blocks.map((block, index) => blockText(block, index, entries, table, memory));
  const registers = Array.from({ length: 15 }, (_, i) => `r${i}`);
  const source = [
    `let ${registers.map((name, i) => `${name}=R[${i}]`).join(',')},nz=R[15],c=R[16],v=R[17],ge=R[18],t=0,u=0,cyc=0,pc=0;`,
    'const lim=M.limit-M.cycles;',
    `L:for(;;){switch(b){\n${cases.join('\n')}\n}}`,
    `${registers.map((name, i) => `R[${i}]=${name};`).join('')}R[15]=nz;R[16]=c;R[17]=v;R[18]=ge;M.cycles+=cyc;return pc;`,
  ].join('\n');
  return { entries, source };
}

/** Walks the code from `entry` over direct branches, fall-through and the places that calls return to. */
function findLeaders(memory: Memory, entry: number): Set<number> {
  const leaders = new Set<number>([entry]);
  const seen = new Set<number>();
  const pending = [entry];
  const add = (address: number) => {
    if (!leaders.has(address) && leaders.size < MOST_BLOCKS) {
      leaders.add(address);
      pending.push(address);
    }
  };
  for (let start = pending.pop(); start !== undefined; start = pending.pop()) {
    let address = start;
    let predicates: readonly (string | null)[] = [];
    while (!seen.has(address)) {
      seen.add(address);
      const { instruction, rest } = decodeAt(memory, address, predicates);
      predicates = rest;
      address += instruction.size;
      const { flow } = instruction;
      if (flow.kind === 'branch') add(flow.target);
      const conditional = instruction.predicate !== null || (flow.kind === 'branch' && flow.condition !== null);
      if (flow.kind !== 'next' && (flow.kind === 'call' || conditional)) add(address);
      if (flow.kind === 'indirect' && instruction.text.includes('r14=')) add(address);
      if (flow.kind !== 'next') break;
    }
  }
  return leaders;
}

function readBlock(memory: Memory, start: number, leaders: ReadonlySet<number>): Block {
  const instructions: Instruction[] = [];
  let address = start;
  let predicates: readonly (string | null)[] = [];
  for (;;) {
    const { instruction, rest } = decodeAt(memory, address, predicates);
    predicates = rest;
    instructions.push(instruction);
    address += instruction.size;
    if (instruction.flow.kind !== 'next' || (leaders.has(address) && predicates.length === 0))
      return { start, instructions, end: address };
  }
}

/** Decodes one instruction; `predicates` are what is left of the IT block it stands in. */
function decodeAt(
  memory: Memory,
  address: number,
  predicates: readonly (string | null)[],
): { instruction: Instruction; rest: readonly (string | null)[] } {
  const half = (at: number) => {
    const bytes = memory.bytesAt(at, 2);
    return bytes[0] | (bytes[1] << 8);
  };
  const h1 = half(address);
  const [predicate = null, ...rest] = predicates;
  if (h1 >> 11 >= 29) {
    const h2 = half(address + 2);
    const decoded = (h1 & 0xec00) === 0xec00 ? decodeFpu(h1, h2, address) : decodeThumb32(h1, h2, address);
    if (decoded === null) throw new UndefinedInstruction(address, h1, h2);
    return { instruction: finish(decoded, address, 4, predicate), rest };
  }
  const decoded = decodeThumb16(h1, address, predicates.length === 0);
  if (decoded === null) throw new UndefinedInstruction(address, h1, 0);
  const isIt = h1 >> 8 === 0xbf && (h1 & 15) !== 0;
  return { instruction: finish(decoded, address, 2, predicate), rest: isIt ? itPredicates(h1) : rest };
}

/** Conditions of the one to four instructions after IT. */
function itPredicates(h: number): string[] {
  const first = (h >> 4) & 15;
  const mask = h & 15;
  const count = 4 - Math.log2(mask & -mask);
  return Array.from({ length: count }, (_, i) => {
    const code = i === 0 ? first : (first & 14) | ((mask >> (4 - i)) & 1);
    return code >= 14 ? '1' : conditionText(code);
  });
}

function blockText(
  block: Block,
  index: number,
  entries: ReadonlyMap<number, number>,
  table: CycleTable,
  memory: Memory,
): string {
  let cycles = 0;
  const lines: string[] = [];
  let previous: Instruction | null = null;
  for (const instruction of block.instructions) {
    const cost = cyclesOf(table, instruction, previous);
    cycles += cost;
    previous = instruction;
    if (instruction.flow.kind !== 'next') break;
    if (instruction.text === '') continue;
    // A skipped instruction costs one cycle.
    const skipped = cost > 1 ? `else cyc-=${cost - 1};` : '';
    lines.push(
      instruction.predicate === null ? instruction.text : `if(${instruction.predicate}){${instruction.text}}${skipped}`,
    );
  }
  const fetch =
    memory.modelsFetch && memory.isFlash(block.start) ? `fetch(${block.start & ~3},${(block.end - 1) & ~3});` : '';
  const last = block.instructions[block.instructions.length - 1];
  const loops = last.flow.kind === 'branch' && last.flow.target === block.start && last.predicate === null;
  const body = `${fetch}${lines.join('')}cyc+=${cycles};`;
  if (loops && last.flow.kind === 'branch') {
    const { condition } = last.flow;
    const again = condition === null ? 'true' : condition;
    const taken = condition === null ? '' : `cyc+=${table.takenExtra};`;
    return `case ${index}:for(;;){${body}${last.text}if(${again}){${taken}if(cyc>lim){pc=${block.start};break L;}continue;}break;}${jump(block.end, block, entries)}`;
  }
  return `case ${index}:${body}${exitText(last, block, entries, table)}`;
}

function exitText(last: Instruction, block: Block, entries: ReadonlyMap<number, number>, table: CycleTable): string {
  const { flow } = last;
  const guard = (text: string, predicate: string | null, untaken: string): string =>
    predicate === null ? text : `if(${predicate}){${text}}${untaken}`;
  switch (flow.kind) {
    case 'next':
      return jump(block.end, block, entries);
    case 'branch': {
      const condition = flow.condition ?? last.predicate;
      if (condition === null) return jump(flow.target, block, entries);
      const taken = flow.condition === null ? '' : `cyc+=${table.takenExtra};`;
      const refund = flow.condition === null ? `cyc-=${table.takenExtra};` : '';
      return `if(${condition}){${taken}${jump(flow.target, block, entries)}}${refund}${jump(block.end, block, entries)}`;
    }
    case 'call':
      return guard(`${last.text}pc=${flow.target};break L;`, last.predicate, jump(block.end, block, entries));
    case 'indirect':
      return guard(`${last.text}pc=t&-2;break L;`, last.predicate, jump(block.end, block, entries));
    case 'stop':
      return guard(
        `M.stop=${JSON.stringify(flow.reason)};pc=-1;break L;`,
        last.predicate,
        jump(block.end, block, entries),
      );
  }
}

function jump(target: number, block: Block, entries: ReadonlyMap<number, number>): string {
  const index = entries.get(target);
  if (index === undefined) return `pc=${target};break L;`;
  const back = target <= block.start ? `if(cyc>lim){pc=${target};break L;}` : '';
  return `${back}b=${index};continue;`;
}
