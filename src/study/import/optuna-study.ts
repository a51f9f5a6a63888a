/** An Optuna study as its storages keep it, whichever file it was read from. */
import { UserError } from '../../errors.ts';
import type { OptunaState } from '../export/optuna-trial.ts';

export interface StoredDistribution {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface StoredParam {
  readonly name: string;
  /** The number itself, or the index of the choice. */
  readonly value: number;
  readonly distribution: StoredDistribution;
}

export interface StoredTrial {
  readonly number: number;
  readonly state: OptunaState;
  readonly start: Date | null;
  readonly complete: Date | null;
  readonly params: readonly StoredParam[];
  /** By objective; null where the value is not a finite number. */
  readonly values: readonly (number | null)[];
  readonly intermediate: readonly { readonly step: number; readonly value: number }[];
  readonly userAttrs: Readonly<Record<string, unknown>>;
  readonly systemAttrs: Readonly<Record<string, unknown>>;
}

export interface StoredStudy {
  readonly name: string;
  readonly directions: readonly ('minimize' | 'maximize')[];
  readonly userAttrs: Readonly<Record<string, unknown>>;
  readonly systemAttrs: Readonly<Record<string, unknown>>;
  readonly trials: readonly StoredTrial[];
}

export function badImport(message: string, hint?: string): UserError {
  return new UserError({
    code: 'BAD_IMPORT',
    message,
    where: 'body',
    ...(hint !== undefined && { hint }),
    status: 422,
    exitCode: 65,
  });
}

export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badImport(`${what} is not JSON`);
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Optuna's long form {name, attributes} and the names that older releases wrote. */
export function readDistribution(json: unknown, parameter: string): StoredDistribution {
  const parsed = typeof json === 'string' ? parseJson(json, `the distribution of "${parameter}"`) : json;
  if (!isObject(parsed) || typeof parsed['name'] !== 'string' || !isObject(parsed['attributes']))
    throw badImport(`the distribution of "${parameter}" has no name and attributes`);
  const { name, attributes } = parsed as { name: string; attributes: Readonly<Record<string, unknown>> };
  switch (name) {
    case 'UniformDistribution':
    case 'LogUniformDistribution':
      return { name: 'FloatDistribution', attributes: { ...attributes, log: name === 'LogUniformDistribution' } };
    case 'DiscreteUniformDistribution':
      return { name: 'FloatDistribution', attributes: { ...attributes, step: attributes['q'] } };
    case 'IntUniformDistribution':
    case 'IntLogUniformDistribution':
      return { name: 'IntDistribution', attributes: { ...attributes, log: name === 'IntLogUniformDistribution' } };
    default:
      return { name, attributes };
  }
}

/** The one study of a file, or the one that was named. */
export function chooseStudy<T extends { readonly name: string }>(studies: readonly T[], wanted: string | null): T {
  const found = wanted === null ? studies[0] : studies.find(({ name }) => name === wanted);
  const names = studies.map(({ name }) => `"${name}"`).join(', ');
  if (found === undefined)
    throw badImport(
      studies.length === 0 ? 'the file has no study' : `the file has no study "${wanted}"`,
      studies.length === 0 ? undefined : `it has ${names}`,
    );
  if (wanted === null && studies.length > 1)
    throw badImport(`the file has ${studies.length} studies: say which`, `?study=NAME, one of ${names}`);
  return found;
}
