/** The picture of a program's memory plan; buffers are titled by the layer that writes them. */
import { type DrawnBuffer, planSvg } from '../../memory/plan-svg.ts';
import type { Program } from '../program.ts';

/** What a buffer is, with the names of the model. */
export function bufferTitle({ layers, inputs }: Program, id: string): string {
  const input = inputs.find((port) => port.buffer === id);
  if (input !== undefined) return `input ${input.name}`;
  const layer = layers.find((each) => id.startsWith(`${each.id}_`));
  return layer === undefined ? id : `${id} of ${layer.op} ${layer.name}`;
}

export function programPicture(program: Program): string {
  const buffers = program.placed.map(({ id, offset, bytes, lower, upper }): DrawnBuffer => {
    return { id, offset, lower, upper, sizeBytes: bytes, title: bufferTitle(program, id) };
  });
  const { peakBytes, lowerBoundBytes, banks = [] } = program.memory;
  return planSvg({ buffers, peakBytes, lowerBoundBytes, banks });
}
