/** A picture of a memory plan: time to the right, addresses upwards, one rectangle for each buffer. */
import type { PlannedBuffer, UsedBank } from './buffer.ts';

export interface DrawnBuffer extends Pick<PlannedBuffer, 'id' | 'lower' | 'upper' | 'sizeBytes'> {
  readonly offset: number;
  /** Shown on hovering; the id when absent. */
  readonly title?: string;
}

export interface PlanPicture {
  readonly buffers: readonly DrawnBuffer[];
  /** Height of the picture in bytes: the peak of the plan. */
  readonly peakBytes: number;
  readonly lowerBoundBytes: number;
  /** Banks, drawn one above the other. */
  readonly banks?: readonly UsedBank[];
}

const WIDTH = 960;
const HEIGHT = 540;
const LEFT = 84;
const BOTTOM = 36;
const TOP = 30;
const RIGHT = 16;
const AXIS_STEPS = 8;
/** Fewest pixels in which a name can be read. */
const NAME_WIDTH = 34;
const NAME_HEIGHT = 13;
const CHARACTER_WIDTH = 6.6;

export function escapeXml(text: string): string {
  // Characters that XML 1.0 does not allow at all become question marks.
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    const allowed = code === 9 || code === 10 || code === 13 || (code >= 32 && code !== 0xfffe && code !== 0xffff);
    return allowed && !(code >= 0xd800 && code <= 0xdfff) ? (entities[character] ?? character) : '?';
  }).join('');
}

/** Colour of the n-th buffer: hues by the golden angle, so that neighbours differ. */
function colour(index: number): string {
  return `hsl(${Math.round((index * 137.508) % 360)} 62% 72%)`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** SVG 1.1 text. The same plan gives the same bytes. */
export function planSvg({ buffers, peakBytes, lowerBoundBytes, banks = [] }: PlanPicture): string {
  const begin = buffers.reduce((least, { lower }) => Math.min(least, lower), Number.POSITIVE_INFINITY);
  const first = Number.isFinite(begin) ? begin : 0;
  const last = buffers.reduce((most, { upper }) => Math.max(most, upper), first + 1);
  const top = Math.max(1, peakBytes, ...banks.map(({ start, usedBytes }) => start + usedBytes));
  const x = (time: number) => round(LEFT + ((time - first) / (last - first)) * (WIDTH - LEFT - RIGHT));
  const y = (bytes: number) => round(HEIGHT - BOTTOM - (bytes / top) * (HEIGHT - BOTTOM - TOP));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11">`,
    `<title>Memory plan: ${peakBytes} bytes, lower bound ${lowerBoundBytes} bytes</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...axes(first, last, top, x, y),
    ...buffers.flatMap((buffer, index) => rectangle(buffer, index, x, y)),
    ...banks.filter(({ start }) => start <= top).flatMap((bank) => bankLine(bank, y)),
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(lowerBoundBytes)}" y2="${y(lowerBoundBytes)}" stroke="#c00" stroke-dasharray="6 4"/>`,
    `<text x="${WIDTH - RIGHT}" y="${TOP - 12}" text-anchor="end">peak ${peakBytes} B, lower bound ${lowerBoundBytes} B (dashed)</text>`,
    '</svg>',
    '',
  ].join('\n');
}

type Scale = (value: number) => number;

function axes(first: number, last: number, top: number, x: Scale, y: Scale): string[] {
  const lines: string[] = [];
  for (let i = 0; i <= AXIS_STEPS; i++) {
    const bytes = Math.round((top * i) / AXIS_STEPS);
    lines.push(
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(bytes)}" y2="${y(bytes)}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${round(y(bytes) + 4)}" text-anchor="end">${bytes}</text>`,
    );
  }
  const step = Math.max(1, Math.ceil((last - first) / 16));
  for (let time = first; time <= last; time += step) {
    lines.push(`<text x="${x(time)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${time}</text>`);
  }
  lines.push(
    `<text x="${round((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 6}" text-anchor="middle">step</text>`,
    `<text x="14" y="${TOP - 12}">bytes</text>`,
  );
  return lines;
}

/** Where a bank begins. */
function bankLine({ name, start, usedBytes, capacityBytes }: UsedBank, y: Scale): string[] {
  return [
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(start)}" y2="${y(start)}" stroke="#000" stroke-width="2"/>`,
    `<text x="${LEFT + 4}" y="${round(y(start) - 4)}">${escapeXml(`${name}: ${usedBytes} of ${capacityBytes} B`)}</text>`,
  ];
}

function rectangle(buffer: DrawnBuffer, index: number, x: Scale, y: Scale): string[] {
  const { id, lower, upper, sizeBytes, offset } = buffer;
  const [left, right, high, low] = [x(lower), x(upper), y(offset + sizeBytes), y(offset)];
  const [width, height] = [round(right - left), round(low - high)];
  const title = `${buffer.title ?? id}: ${sizeBytes} bytes at ${offset}, steps ${lower} to ${upper - 1}`;
  const lines = [
    `<rect x="${left}" y="${high}" width="${width}" height="${height}" fill="${colour(index)}" stroke="#555" stroke-width="0.6"><title>${escapeXml(title)}</title></rect>`,
  ];
  const characters = Math.floor((width - 6) / CHARACTER_WIDTH);
  if (width < NAME_WIDTH || height < NAME_HEIGHT || characters < 2) return lines;
  const name = id.length > characters ? `${id.slice(0, characters - 1)}…` : id;
  lines.push(`<text x="${round(left + 3)}" y="${round(high + height / 2 + 4)}">${escapeXml(name)}</text>`);
  return lines;
}
