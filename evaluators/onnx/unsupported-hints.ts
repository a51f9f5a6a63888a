/** For operators that are known but not supported: what the user can do instead. */

const TRAINING = 'It belongs to training: export the model in inference mode.';
const TEXT = 'Text does not run on a microcontroller: prepare it outside the network.';
const RANDOM = 'The outputs would not be reproducible: pass the random numbers as an input.';
const BOXES = 'Cut the network before this node and do the post-processing in the application.';
const LAYOUT =
  'ONNX Runtime arranged this model for the processor that it was saved on: save it with ORT_ENABLE_EXTENDED or less, or use the original.';
const TREES = 'Tree ensembles are not neural networks: convert the model to one, or deploy it with a tree compiler.';

const HINTS: ReadonlyMap<string, string> = new Map([
  ...['Adam', 'Adagrad', 'Momentum', 'Gradient'].map((op) => [op, TRAINING] as const),
  ...[
    'StringNormalizer',
    'StringConcat',
    'StringSplit',
    'RegexFullMatch',
    'TfIdfVectorizer',
    'LabelEncoder',
    'CategoryMapper',
  ].map((op) => [op, TEXT] as const),
  ...['RandomNormal', 'RandomNormalLike', 'RandomUniform', 'RandomUniformLike', 'Multinomial', 'Bernoulli'].map(
    (op) => [op, RANDOM] as const,
  ),
  ...['NonMaxSuppression', 'MaxRoiPool', 'Unique', 'ImageDecoder'].map((op) => [op, BOXES] as const),
  ...['TreeEnsemble', 'TreeEnsembleClassifier', 'TreeEnsembleRegressor', 'SVMClassifier', 'SVMRegressor'].map(
    (op) => [op, TREES] as const,
  ),
  ['ZipMap', "Export with options={'zipmap': False}: the probabilities are then a tensor."],
]);

/** Advice for an operator that has no converter; `supported` are those of the standard domain. */
export function unsupportedHint(domain: string, opType: string, supported: readonly string[]): string {
  if (domain === 'com.microsoft.nchwc') return LAYOUT;
  const known = HINTS.get(opType);
  if (known !== undefined) return known;
  const close = supported.find((name) => name.toLowerCase() === opType.toLowerCase());
  if (close !== undefined) return `Did the exporter mean ${close}?`;
  return 'Replace it by supported operators (docs/operators.md), export it as a model-local function, or add a converter in evaluators/onnx/converters.';
}
