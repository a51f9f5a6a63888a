/** A search space or a point that contradicts its own definition; `parameter` names the culprit where there is one. */
export class SpaceError extends Error {
  override readonly name = 'SpaceError';
  readonly parameter: string | undefined;

  constructor(message: string, parameter?: string) {
    super(parameter === undefined ? message : `parameter "${parameter}": ${message}`);
    this.parameter = parameter;
  }
}
