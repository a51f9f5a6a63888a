/** Data sets as campaigns write them, in the evaluators' words. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { DatasetSpec as LoaderSpec } from '@tinypareto/evaluators';
import type { DatasetSpec } from '../contract/dataset.ts';
import { suggestName } from '../contract/suggest-name.ts';
import { EXIT, UserError } from '../errors.ts';

const BUILTINS = ['mnist', 'fashion-mnist'] as const;
type Builtin = (typeof BUILTINS)[number];

/** Finds the file that a path or an uploaded file's sha256 means. */
export type ResolveFile = (name: string) => string;

function builtin(name: string, where: string): Builtin {
  const found = BUILTINS.find((each) => each === name);
  if (found !== undefined) return found;
  const near = suggestName(name, BUILTINS);
  throw new UserError({
    code: 'UNKNOWN_DATASET',
    message: `there is no builtin data set ${JSON.stringify(name)}`,
    where,
    hint: `${near === undefined ? '' : `did you mean "${near}"? `}builtin sets: ${BUILTINS.join(', ')}; or describe files with kind: idx, npy, npz or csv`,
    exitCode: EXIT.badInput,
  });
}

/** `where` names the place of the description. Throws UserError UNKNOWN_DATASET. */
export function toLoaderSpec(
  dataset: DatasetSpec | string,
  where: string,
  resolve: ResolveFile = (name) => name,
): LoaderSpec {
  if (typeof dataset === 'string') return { kind: 'builtin', builtin: builtin(dataset, where) };
  const shared = {
    ...(dataset.limit === undefined && dataset.testLimit === undefined
      ? {}
      : {
          limit: {
            ...(dataset.limit === undefined ? {} : { train: dataset.limit }),
            ...(dataset.testLimit === undefined ? {} : { test: dataset.testLimit }),
          },
        }),
    ...normalisationOf(dataset),
  };
  switch (dataset.kind) {
    case 'builtin':
      return {
        kind: 'builtin',
        builtin: builtin(dataset.name, where.startsWith('--') ? where : `${where}.name`),
        ...shared,
      };
    case 'idx':
    case 'npy': {
      const test = dataset.test && { images: resolve(dataset.test.images), labels: resolve(dataset.test.labels) };
      const files = { images: resolve(dataset.images), labels: resolve(dataset.labels) };
      return { kind: dataset.kind, ...files, ...(test === undefined ? {} : { test }), ...shared };
    }
    case 'npz': {
      const arrays = {
        ...(dataset.images === undefined ? {} : { x_train: dataset.images }),
        ...(dataset.labels === undefined ? {} : { y_train: dataset.labels }),
        ...(dataset.test?.images === undefined ? {} : { x_test: dataset.test.images }),
        ...(dataset.test?.labels === undefined ? {} : { y_test: dataset.test.labels }),
      };
      return { kind: 'npz', file: resolve(dataset.file), arrays, ...shared };
    }
    case 'csv':
      return {
        kind: 'csv',
        file: resolve(dataset.file),
        ...(dataset.test === undefined ? {} : { test: resolve(dataset.test.file) }),
        ...(dataset.label === undefined ? {} : { labelColumn: dataset.label }),
        ...shared,
      };
  }
}

function normalisationOf(dataset: DatasetSpec): { normalisation?: NonNullable<LoaderSpec['normalisation']> } {
  const list = (value: number | readonly number[]): readonly number[] => (typeof value === 'number' ? [value] : value);
  const { scale, mean, std, offset } = dataset;
  if (scale === undefined && mean === undefined && std === undefined && offset === undefined) return {};
  return {
    normalisation: {
      ...(scale === undefined ? {} : { scale }),
      // `x * scale + offset` is `x * scale - mean` with the opposite sign.
      ...(mean !== undefined ? { mean: list(mean) } : offset === undefined ? {} : { mean: [-offset] }),
      ...(std === undefined ? {} : { std: list(std) }),
    },
  };
}

/** Resolves against a folder of files named by their sha256, else leaves the path as it is. */
export function resolveIn(artifactFolder: string): ResolveFile {
  return (name) => {
    if (!/^[0-9a-f]{64}$/.test(name)) return name;
    const file = path.join(artifactFolder, name);
    if (existsSync(file)) return file;
    throw new UserError({
      code: 'FILE_NOT_UPLOADED',
      message: `no file with sha256 ${name} was uploaded`,
      hint: 'upload it first: POST /v1/models or /v1/datasets',
      status: 404,
      exitCode: EXIT.missingInput,
    });
  };
}
