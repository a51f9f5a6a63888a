/** A data set that cannot be used: what is wrong, where, and what to do. */
export class DatasetError extends Error {
  /**
   * `DATASET_NOT_FOUND`, `DATASET_FORMAT`, `LABEL_OUT_OF_RANGE`, `NOT_FINITE`, `SHAPE_MISMATCH`, `CLASSES_MISMATCH`, `EMPTY`,
   * `BAD_NORMALISATION`.
   */
  readonly code: string;
  readonly where: string;
  readonly hint: string;

  constructor(code: string, message: string, where: string, hint: string) {
    super(message);
    this.name = 'DatasetError';
    this.code = code;
    this.where = where;
    this.hint = hint;
  }
}
