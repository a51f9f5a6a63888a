/** The boards of config/boards, for tests. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { BoardSpec } from '../../evaluators/board-spec.ts';

export function board(name: 'host' | 'pico' | 'nano33ble'): BoardSpec {
  return parse(readFileSync(new URL(`../../config/boards/${name}.yaml`, import.meta.url), 'utf8')) as BoardSpec;
}
