/**
 * Names of layers in plans. A layer that `restructure` replaces passes its name on: the last of the layers in its place keeps it (with its
 * bias, activation and structures), those before it are called NAME.PART. What a plan says of NAME holds for its parts, too, unless the plan names a
 * part itself.
 */
import { CompressionError } from './compression-error.ts';

/** What replacements call their inner layers; a number follows where the name was taken. */
const PART = /\.(?:reduce|core|depthwise|axis\d+|crop)(?:_\d+)?$/;

/** The layer that `name` is a part of, or `name`. */
export function wholeLayer(name: string): string {
  return name.replace(PART, '');
}

/** What a plan says of a layer. */
export function settingOf<T>(layers: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return layers?.[name] ?? layers?.[wholeLayer(name)];
}

/**
 * Names of a plan that no layer has. Parts of a layer that is still whole pass: sizes are foretold before layers are changed.
 */
export function unknownNames(asked: Iterable<string>, known: Iterable<string>): string[] {
  const names = new Set(known);
  const taken = new Set([...names].filter((name) => wholeLayer(name) !== name).map(wholeLayer));
  return [...asked].filter((name) => {
    const whole = wholeLayer(name);
    return !names.has(name) && (whole === name || taken.has(whole) || !names.has(whole));
  });
}

function letters(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Pairs of neighbouring letters that both names have, in shares of all. */
function likeness(a: string, b: string): number {
  const pairs = (text: string): string[] => Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2));
  const [left, right] = [pairs(letters(a)), pairs(letters(b))];
  const shared = left.filter((pair) => right.includes(pair)).length;
  return (2 * shared) / Math.max(1, left.length + right.length);
}

const ALIKE = 0.4;

/** The known name nearest to what was written. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known.toSorted((a, b) => likeness(name, b) - likeness(name, a));
  const [best] = ranked;
  return best !== undefined && likeness(name, best) >= ALIKE ? best : undefined;
}

/** `which`: what the layers in question have in common. */
export function unknownLayer(
  where: string,
  name: string,
  known: readonly string[],
  which = 'layers',
): CompressionError {
  const near = nearestName(name, known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return new CompressionError('UNKNOWN_LAYER', `${where}: no layer "${name}"${hint}; ${which}: ${known.join(', ')}`);
}
