/** Numbers, metrics, params and durations as people read them. */
import type { WireMetric } from '../contract/metric.ts';
import type { WireParams } from '../contract/parameter.ts';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** By the unit that the metric's name ends with. */
export function formatMetric(name: string, metric: WireMetric | undefined): string {
  if (metric === undefined) return '–';
  const base = name.split('@')[0] ?? name;
  const value = metric.mean;
  if (base === 'accuracy') return `${(value * 100).toFixed(2)} %`;
  if (base.endsWith('Bytes')) return formatBytes(value);
  if (base.endsWith('Us')) return formatMicroseconds(value);
  if (Number.isInteger(value)) return grouped.format(value);
  return formatNumber(value);
}

/** With the decimal units of campaign files: kB = 1000. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

export function formatMicroseconds(us: number): string {
  if (us < 1000) return `${us.toPrecision(3)} us`;
  return us < 1e6 ? `${(us / 1000).toPrecision(3)} ms` : `${(us / 1e6).toPrecision(3)} s`;
}

export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)));
}

export function formatParams(params: WireParams): string {
  return Object.entries(params)
    .map(([name, value]) => `${name}=${typeof value === 'number' ? formatNumber(value) : value}`)
    .join(' ');
}

/** 75 -> "1:15". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours = 0, minutes = 0, rest = 0] = parts;
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${String(rest).padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
