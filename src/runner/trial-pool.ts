/** Worker threads for everything that takes long or handles untrusted models. A thread that hangs or runs out of memory is replaced. */
import { MessageChannel } from 'node:worker_threads';
import type { IntermediateAccuracy } from '@tinypareto/evaluators';
import { Piscina } from 'piscina';
import { type ExitCode, UserError } from '../errors.ts';
import type {
  IntermediateAnswer,
  TaskResults,
  TrialTask,
  WorkerAnswer,
  WorkerMessage,
  WorkerProgress,
} from './trial-task.ts';

export interface TaskOptions {
  /** Aborting ends the thread if it does not end by itself. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: WorkerProgress) => void;
  readonly onWarning?: (message: string) => void;
  /** Answers each intermediate value of a task that reports them; the task waits. Must not reject. */
  readonly onIntermediate?: (value: IntermediateAccuracy) => Promise<string | null>;
}

/**
 * Planning and describing must not take longer than this, seconds: a model that does is refused. Planning compiles some dozens of networks
 * to learn how sizes follow from widths: ten seconds for the demo on a free machine, minutes on a busy one.
 */
const MOST_SECONDS = { describe: 60, plan: 300 } as const;
/** JavaScript heap of one thread; tensors live outside of it. */
const HEAP_MEGABYTES = 1536;
const IDLE_MS = 120_000;

export class TrialPool {
  readonly #pool: Piscina;
  readonly #buildFolder: string;

  /** `buildFolder` is a cache of compiled networks. */
  constructor(threads: number, buildFolder: string) {
    this.#buildFolder = buildFolder;
    this.#pool = new Piscina({
      filename: new URL('./trial-worker.ts', import.meta.url).href,
      minThreads: 0,
      maxThreads: Math.max(1, threads),
      idleTimeout: IDLE_MS,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MEGABYTES },
    });
  }

  /** Rejects with UserError for bad input, with the signal's reason when aborted, with the thread's error otherwise. */
  async run<T extends TrialTask>(task: T, options: TaskOptions = {}): Promise<TaskResults[T['kind']]> {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') options.onProgress?.(message);
      else if (message.kind === 'warning') options.onWarning?.(message.text);
      else {
        const judged = options.onIntermediate?.(message.value) ?? Promise.resolve(null);
        void judged.then((stop) => port1.postMessage({ stop } satisfies IntermediateAnswer));
      }
    });
    const limit = task.kind === 'evaluate' ? [] : [AbortSignal.timeout(MOST_SECONDS[task.kind] * 1000)];
    const signals = [...(options.signal === undefined ? [] : [options.signal]), ...limit];
    try {
      const answer = (await this.#pool.run(
        { task, buildFolder: this.#buildFolder, port: port2 },
        { transferList: [port2], ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }) },
      )) as WorkerAnswer<T['kind']>;
      if (answer.ok) return answer.result;
      const { exitCode, ...details } = answer.error;
      throw new UserError({ ...details, exitCode: exitCode as ExitCode });
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      if (task.kind !== 'evaluate' && error instanceof Error && error.name === 'AbortError') {
        throw new UserError({
          code: 'TOO_SLOW',
          message: `reading the model took more than ${MOST_SECONDS[task.kind]} s`,
          hint: 'use a smaller model',
          status: 422,
        });
      }
      throw error;
    } finally {
      port1.close();
    }
  }

  /** Ends all threads; running tasks are rejected. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
