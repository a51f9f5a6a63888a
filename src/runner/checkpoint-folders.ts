/** Where trials that run leave what they would need to go on: one folder per trial, gone when the trial has ended. */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';

export class CheckpointFolders {
  readonly #folder: string;
  /** Seconds between the checkpoints of a training; absent = the evaluator's default. */
  readonly everySeconds: number | undefined;

  constructor(folder: string, everySeconds?: number) {
    this.#folder = folder;
    this.everySeconds = everySeconds;
  }

  /** The folder of a trial, which need not be there. */
  of(trial: string): string {
    return path.join(this.#folder, trial);
  }

  async remove(trial: string): Promise<void> {
    await rm(this.of(trial), { recursive: true, force: true });
  }

  /** Removes the folders of trials that nobody will go on with, for example because the process died right after their end. */
  async sweep(isOpen: (trial: string) => Promise<boolean>): Promise<void> {
    const trials = await readdir(this.#folder).catch(() => []);
    for (const trial of trials) if (!(await isOpen(trial))) await this.remove(trial);
  }
}
