/** Run by training-journal.test.ts in a process of its own: trains slowly, one line of output per step, checkpoints in the given folder. */
import { writeSync } from 'node:fs';
import { TrainingJournal } from '../../../evaluators/train/training-journal.ts';
import { QUARTERS, smallNet } from './quarters.ts';

const PAUSE_MS = 5;
const plan = {
  epochs: 30,
  optimizer: 'adamw',
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 1e-3,
  batchSize: 32,
  schedule: 'plateau',
  augment: ['shift', 'noise'],
  labelSmoothing: 0.1,
} as const;
const idle = new Int32Array(new SharedArrayBuffer(4));
await new TrainingJournal(process.argv[2] ?? '', { everySeconds: 0.02 }).finetune(smallNet(), QUARTERS, plan, {
  seed: 7,
  onProgress: ({ step }) => {
    writeSync(1, `${step}\n`);
    Atomics.wait(idle, 0, 0, PAUSE_MS);
  },
});
