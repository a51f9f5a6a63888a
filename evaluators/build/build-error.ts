/** The compiler rejected what was generated, or a built program failed: a fault of this project or of the machine. */
export class BuildError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BuildError';
  }
}
