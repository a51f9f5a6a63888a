/** The usual form of a call: a parameter structure, operands that are read, results that are written. */
import type { StructName } from '../kernels/kernel-table.ts';
import type { LoweredValue, Lowering } from '../lowering.ts';
import type { Argument, FieldValue } from '../program.ts';

export interface Invocation {
  readonly kernel: string;
  readonly params?: readonly [StructName, Readonly<Record<string, FieldValue>>];
  /** Plain numbers before the operands. */
  readonly numbers?: readonly number[];
  /** null: an absent operand. */
  readonly operands: readonly (LoweredValue | null)[];
  readonly results: readonly (LoweredValue | null)[];
  readonly inPlace?: readonly string[];
}

export function invoke(lowering: Lowering, call: Invocation): void {
  const argument = (value: LoweredValue | null): Argument =>
    value === null ? { kind: 'null' } : lowering.argument(value);
  const present = (values: readonly (LoweredValue | null)[]) => values.flatMap((value) => value?.buffer ?? []);
  lowering.call({
    kernel: call.kernel,
    ...(call.params === undefined ? {} : { params: { struct: call.params[0], fields: call.params[1] } }),
    args: [
      ...(call.numbers ?? []).map((value): Argument => ({ kind: 'integer', value })),
      ...call.operands.map(argument),
      ...call.results.map(argument),
    ],
    reads: present(call.operands),
    writes: present(call.results),
    inPlace: call.inPlace ?? [],
  });
}
