/** A text file that the compiler writes. */
export interface SourceFile {
  /** Relative to the output folder. */
  readonly path: string;
  readonly text: string;
}
