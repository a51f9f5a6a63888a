/** Why a model cannot be imported: everything that is wrong with it, at once. */

export type ProblemCode =
  | 'NOT_ONNX'
  | 'TOO_LARGE'
  | 'BAD_GRAPH'
  | 'BAD_TENSOR'
  | 'BAD_NODE'
  | 'BAD_ATTRIBUTE'
  | 'BAD_SHAPE'
  | 'EXTERNAL_DATA'
  | 'UNSUPPORTED_OPERATOR'
  | 'UNSUPPORTED_OPSET'
  | 'UNSUPPORTED_TYPE'
  | 'NOT_CONSTANT';

export interface ImportProblem {
  readonly code: ProblemCode;
  readonly message: string;
  /** The node, tensor or part of the file, as text that is safe to print. */
  readonly where: string;
  /** What the user can do. */
  readonly hint: string;
  /** NOT_CONSTANT: graph inputs that have to be given in `fixedInputs`. */
  readonly inputs?: readonly string[];
}

export class OnnxImportError extends Error {
  readonly problems: readonly ImportProblem[];

  constructor(problems: readonly ImportProblem[]) {
    super(describe(problems));
    this.name = 'OnnxImportError';
    this.problems = problems;
  }
}

function describe(problems: readonly ImportProblem[]): string {
  const lines = problems.map(({ code, message, where, hint }) => `${where}: ${message} (${code}). ${hint}`);
  const head =
    problems.length === 1
      ? 'the model cannot be imported'
      : `the model cannot be imported, ${problems.length} problems`;
  return `${head}:\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

/** Thrown inside the importer to report one problem and go on with the rest of the model. */
export class ProblemFound extends Error {
  readonly problem: Omit<ImportProblem, 'where'>;

  constructor(code: ProblemCode, message: string, hint: string, inputs?: readonly string[]) {
    super(message);
    this.name = 'ProblemFound';
    this.problem = inputs === undefined ? { code, message, hint } : { code, message, hint, inputs };
  }
}
