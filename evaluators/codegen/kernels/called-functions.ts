/** The functions of runtime-c that a program names: kernels that it calls and decoders that it hands to them. */
import type { FieldValue, Program } from '../program.ts';

export function calledFunctions(program: Pick<Program, 'steps'>): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (value: FieldValue): void => {
    if (value === null || typeof value !== 'object') return;
    if ('function' in value) names.add(value.function);
    else if ('fields' in value) for (const member of Object.values(value.fields)) visit(member);
  };
  for (const { kernel, params } of program.steps) {
    names.add(kernel);
    for (const member of Object.values(params?.fields ?? {})) visit(member);
  }
  if (program.steps.some(({ beside }) => beside !== undefined))
    for (const name of ['dnnrt_fork', 'dnnrt_join']) names.add(name);
  return names;
}
