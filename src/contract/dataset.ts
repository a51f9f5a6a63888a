/** Where the samples of a campaign come from. Paths are relative to the campaign file; a sha256 names an uploaded file. */
import { type Static, Type } from 'typebox';
import { strictObject } from './strict-object.ts';

const fileSchema = Type.String({ minLength: 1, maxLength: 4096 });

const samplesSchema = strictObject({ images: fileSchema, labels: fileSchema });

/** How raw values become network inputs: `x * scale + offset`, or `(x * scale - mean) / std` per channel. */
const preprocessing = {
  scale: Type.Optional(Type.Number()),
  offset: Type.Optional(Type.Number()),
  mean: Type.Optional(Type.Union([Type.Number(), Type.Array(Type.Number())])),
  std: Type.Optional(Type.Union([Type.Number(), Type.Array(Type.Number())])),
  limit: Type.Optional(Type.Integer({ minimum: 1, description: 'Use at most this many training samples.' })),
  testLimit: Type.Optional(Type.Integer({ minimum: 1, description: 'Use at most this many test samples.' })),
  validation: Type.Optional(
    Type.Number({ minimum: 0, maximum: 0.9, description: 'Share of the training set held out for decisions.' }),
  ),
};

const npzKeys = {
  images: Type.Optional(Type.String({ description: 'Name of the inputs inside the archive.' })),
  labels: Type.Optional(Type.String({ description: 'Name of the labels inside the archive.' })),
};

export const DatasetSchema = Type.Union([
  strictObject({
    kind: Type.Literal('idx'),
    images: fileSchema,
    labels: fileSchema,
    test: Type.Optional(samplesSchema),
    ...preprocessing,
  }),
  strictObject({
    kind: Type.Literal('npy'),
    images: fileSchema,
    labels: fileSchema,
    test: Type.Optional(samplesSchema),
    ...preprocessing,
  }),
  strictObject({
    kind: Type.Literal('npz'),
    file: fileSchema,
    ...npzKeys,
    test: Type.Optional(strictObject({ file: Type.Optional(fileSchema), ...npzKeys })),
    ...preprocessing,
  }),
  strictObject({
    kind: Type.Literal('csv'),
    file: fileSchema,
    label: Type.Optional(Type.String({ description: 'Name of the column with the class.' })),
    test: Type.Optional(strictObject({ file: fileSchema })),
    ...preprocessing,
  }),
  strictObject({
    kind: Type.Literal('builtin'),
    name: Type.String({ minLength: 1, maxLength: 100, description: 'mnist or fashion-mnist' }),
    ...preprocessing,
  }),
]);

/** A description, or the name of a builtin set, or (on the command line) a file with a description. */
export const DatasetReferenceSchema = Type.Union([DatasetSchema, Type.String({ minLength: 1, maxLength: 4096 })]);

export type DatasetSpec = Static<typeof DatasetSchema>;
