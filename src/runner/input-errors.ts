/**
 * Errors of the evaluators and the optimizer that are the user's to mend, as UserError. Told apart by class name, so that nothing heavy
 * is loaded to describe an error.
 */
import { EXIT, UserError } from '../errors.ts';

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly where: string;
  readonly hint: string;
}

/** UserError for what the user can mend; undefined for faults of this program. `file` is the input that was read. */
export function inputError(error: unknown, file?: string): UserError | undefined {
  if (error instanceof UserError) return error;
  if (!(error instanceof Error)) return undefined;
  const where = file === undefined ? {} : { where: file };
  switch (error.name) {
    case 'OnnxImportError':
      return importError((error as Error & { problems: readonly Problem[] }).problems, file);
    case 'UnsupportedNodesError':
      return bad(
        'UNSUPPORTED_OPERATOR',
        error.message,
        where,
        'change these layers in the training framework, or compress them away',
      );
    case 'DatasetError': {
      const { code, where: place, hint } = error as Error & { code: string; where: string; hint: string };
      const exitCode = code === 'DATASET_NOT_FOUND' ? EXIT.missingInput : EXIT.badInput;
      return new UserError({ code, message: error.message, where: place, hint, exitCode, status: 422 });
    }
    case 'CompressionError': {
      const { code } = error as Error & { code: string };
      const isInfeasible = ['TARGET_UNREACHABLE', 'CANNOT_PRUNE', 'CANNOT_RESTRUCTURE', 'HOPELESS'].includes(code);
      const exitCode = isInfeasible ? EXIT.infeasible : EXIT.badInput;
      return new UserError({ code, message: error.message, ...where, exitCode, status: 422 });
    }
    case 'DivergedError':
      return new UserError({
        code: 'DIVERGED',
        message: error.message,
        hint: 'lower the learning rate',
        exitCode: EXIT.infeasible,
        status: 422,
      });
    case 'UnsupportedTrainingError':
      return bad(
        'UNSUPPORTED_TRAINING',
        error.message,
        where,
        'this network can be quantized and compiled, but not trained here',
      );
    case 'InputValueError':
      return bad('INDEX_OUT_OF_RANGE', error.message, where, 'check the values of the inputs');
    case 'NpyError':
      return bad('BAD_NPY', error.message, where);
    case 'ZipError':
      return bad('BAD_ZIP', error.message, where);
    case 'SpaceError':
      return bad('BAD_SPACE', error.message, where);
    default:
      return undefined;
  }
}

function bad(code: string, message: string, where: { readonly where?: string }, hint?: string): UserError {
  return new UserError({ code, message, ...where, ...(hint === undefined ? {} : { hint }), status: 422 });
}

/** The first problem is the message; all the others follow, so that a model is mended in one go. */
function importError(problems: readonly Problem[], file: string | undefined): UserError {
  const [first] = problems;
  const places = [file, first?.where].filter((place) => place !== undefined && place !== '');
  const rest = problems.slice(1).map((problem) => `also ${problem.where}: ${problem.message} (${problem.code})`);
  return new UserError({
    code: first?.code ?? 'NOT_ONNX',
    message: first?.message ?? 'the model cannot be read',
    ...(places.length === 0 ? {} : { where: places.join(': ') }),
    hint: [...(first === undefined ? [] : [first.hint]), ...rest].join('\n'),
    status: 422,
  });
}

/** Runs `body`; what the user can mend is rethrown as UserError naming `file`. */
export async function naming<T>(file: string, body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    throw inputError(error, file) ?? error;
  }
}
