/**
 * JSON from the network. NaN and Infinity, which some clients write, are read as numbers that are not finite, so that the
 * check that follows can name the field. Deep nesting and the key __proto__ are refused.
 */
import { UserError } from '../errors.ts';

const MAX_DEPTH = 64;

function badJson(message: string): UserError {
  return new UserError({ code: 'BAD_JSON', message, hint: 'the body must be JSON (RFC 8259)' });
}

/** Replaces NaN, Infinity and -Infinity outside of strings by 1e999, which is read as Infinity. */
function replaceNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
    token.startsWith('"') ? token : '1e999',
  );
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 0x5c) i++;
      else if (c === 0x22) inString = false;
    } else if (c === 0x22) inString = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}

/** Throws `UserError` BAD_JSON (400). */
export function readJson(text: string): unknown {
  if (isTooDeep(text)) throw badJson(`the JSON is nested more than ${MAX_DEPTH} levels deep`);
  if (text.includes('__proto__') && /"__proto__"\s*:/.test(text)) throw badJson('the key "__proto__" is not allowed');
  try {
    return JSON.parse(text);
  } catch (error) {
    const retry = /\b(?:NaN|Infinity)\b/.test(text) ? replaceNonFinite(text) : text;
    if (retry !== text) {
      try {
        return JSON.parse(retry);
      } catch {
        // The first error says where the text is wrong.
      }
    }
    throw badJson(`the body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** One JSON value per line; empty lines are skipped. Throws `UserError` BAD_JSON naming the line. */
export function readNdjson(text: string): unknown[] {
  const values: unknown[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      values.push(readJson(line));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError({ code: error.code, message: `line ${i + 1}: ${error.message}`, where: `line ${i + 1}` });
    }
  }
  return values;
}
