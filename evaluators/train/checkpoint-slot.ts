/** The file of one training's checkpoints: what is damaged, of another training, or cannot be written costs a warning, nothing more. */
import { type CheckpointContent, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts';

export interface Identified {
  /** `trainingIdentity` of the training. */
  readonly identity: string;
}

export class CheckpointSlot<Head extends Identified> {
  readonly #file: string;
  readonly #identity: string;
  readonly #warn: (message: string) => void;

  constructor(file: string, identity: string, warn: (message: string) => void) {
    this.#file = file;
    this.#identity = identity;
    this.#warn = warn;
  }

  /** What this training left; undefined when it has to begin. */
  read(): CheckpointContent<Head> | undefined {
    let saved: CheckpointContent<Head> | undefined;
    try {
      saved = readCheckpoint<Head>(this.#file);
    } catch (error) {
      this.#warn(`a checkpoint cannot be used, the training starts again: ${messageOf(error)}`);
      return undefined;
    }
    if (saved === undefined || saved.head.identity === this.#identity) return saved;
    this.#warn(`a checkpoint of another training is left aside, the training starts again: ${this.#file}`);
    return undefined;
  }

  write(head: Omit<Head, 'identity'>, content: Omit<CheckpointContent<Head>, 'head'>): void {
    try {
      writeCheckpoint(this.#file, { head: { ...head, identity: this.#identity }, ...content });
    } catch (error) {
      this.#warn(`a checkpoint could not be written: ${messageOf(error)}`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
