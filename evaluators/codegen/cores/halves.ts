/** Two halves of a call: pointers further on, working memory of their own. */
import { partScratchBytes } from '../patches/row-operation.ts';
import type { Argument, FieldValue, ProgramBuffer, ProgramConstant, Step, Unplaced } from '../program.ts';

export interface Halves {
  /** For the second core and for the first. */
  readonly steps: readonly [Step, Step];
  /** Working memory of the halves, which takes the place of the whole call's. */
  readonly scratch: readonly ProgramBuffer[];
}

/** What a call refers to. */
export interface Surroundings {
  readonly buffers: Unplaced['buffers'];
  readonly constants: ReadonlyMap<string, ProgramConstant>;
}

export type Fields = Readonly<Record<string, FieldValue>>;
export type BufferArgument = Argument & { readonly kind: 'buffer' };

export const isBuffer = (argument: Argument | undefined): argument is BufferArgument => argument?.kind === 'buffer';

/** Kernels read and write words: halves start at a multiple of this many bytes. */
const ALIGNMENT = 4;

/** The places where to cut `count` things into two equal parts, nearly: at whole blocks of them. */
export function cuts(count: number, block: number): number[] {
  const middle = count / 2 / block;
  const places = [...new Set([Math.floor(middle), Math.ceil(middle)])].map((place) => place * block);
  return places.filter((place) => place > 0 && place < count);
}

/** Bytes of a buffer that one of `parts` equal parts takes; undefined when they are not equal. */
export function partBytes(
  { buffers }: Surroundings,
  argument: Argument | undefined,
  parts: number,
): number | undefined {
  const bytes = isBuffer(argument) ? (buffers.get(argument.id)?.bytes ?? 0) / parts : 0;
  return Number.isInteger(bytes) && bytes > 0 ? bytes : undefined;
}

export function withFields(step: Step, fields: Fields): Step {
  return step.params === undefined ? step : { ...step, params: { struct: step.params.struct, fields } };
}

/** Weights that are unpacked into RAM beforehand are no constant. */
export function isConstant(value: FieldValue | undefined): boolean {
  return value !== null && typeof value === 'object' && 'constant' in value;
}

/** Elements [skip, skip + used) of a constant; null stays. */
export function constantPart(value: FieldValue, skip: number, used: number): FieldValue {
  if (value === null || typeof value !== 'object' || !('constant' in value)) return value;
  return { constant: value.constant, skip, used };
}

/** The call with pointers further on: position of the argument -> bytes. */
export function moved(step: Step, skips: ReadonlyMap<number, number>): Step {
  const args = step.args.map((argument, position) => {
    const skip = skips.get(position) ?? 0;
    return isBuffer(argument) && skip !== 0 ? { ...argument, skipBytes: (argument.skipBytes ?? 0) + skip } : argument;
  });
  return { ...step, args };
}

export interface ApartOptions {
  /** Positions of the arguments that both halves share. */
  readonly shared: readonly number[];
  /** Bytes that each half's working memory has more than the whole call's; 0 when absent. */
  readonly moreBytes?: number;
  /** Pointers may be at any byte. */
  readonly anyByte?: boolean;
}

/** Both halves beside each other; none where pointers are at odd places. */
export function apart(
  parts: readonly (Step | undefined)[],
  { buffers }: Surroundings,
  { shared, moreBytes = 0, anyByte = false }: ApartOptions,
): Halves[] {
  const [a, b] = parts;
  if (a === undefined || b === undefined) return [];
  const starts = b.args.map((argument) => (isBuffer(argument) ? (argument.skipBytes ?? 0) : 0));
  if (!anyByte && starts.some((bytes) => bytes % ALIGNMENT !== 0)) return [];
  const scratch: ProgramBuffer[] = [];
  const own = (step: Step, core: 0 | 1): Step => {
    const names = new Map<string, string>();
    const args = step.args.map((argument, position) => {
      const buffer = isBuffer(argument) ? buffers.get(argument.id) : undefined;
      if (buffer === undefined || shared.includes(position)) return argument;
      const id = `${buffer.id}_core${core}`;
      const bytes = partScratchBytes(step) ?? buffer.bytes + moreBytes;
      scratch.push({ ...buffer, id, bytes, elements: bytes / (buffer.bytes / buffer.elements) });
      names.set(buffer.id, id);
      return { ...argument, id } as Argument;
    });
    const renamed = (ids: readonly string[]) => ids.map((each) => names.get(each) ?? each);
    const beside = core === 1 ? 'next' : 'previous';
    return {
      ...step,
      id: `${step.id}_core${core}`,
      args,
      reads: renamed(step.reads),
      writes: renamed(step.writes),
      beside,
    };
  };
  return [{ steps: [own(a, 1), own(b, 0)], scratch }];
}
