/** Explanations of a study, computed in a thread of their own and kept until the study changes. */
import { Piscina } from 'piscina';
import { UserError } from '../errors.ts';
import type { ExplainAnswer, ExplainQuestion, ExplainRequest } from './explain-worker.ts';
import { samplerTask } from './sampler-task.ts';
import type { StudyState } from './study-state.ts';

/** Answers that are kept for each study. */
const MOST_KEPT = 32;

interface Kept {
  version: number;
  readonly answers: Map<string, Promise<ExplainAnswer>>;
}

export class Explainer {
  readonly #kept = new WeakMap<StudyState, Kept>();
  /** A study that was read again counts its versions anew. */
  readonly #serials = new WeakMap<StudyState, number>();
  #lastSerial = 0;
  #worker: Piscina | null = null;

  /** Throws `UserError` BAD_QUESTION (422) for a parameter that does not exist or is inactive at the point. */
  async explain(state: StudyState, question: ExplainQuestion): Promise<Exclude<ExplainAnswer, { kind: 'refused' }>> {
    let kept = this.#kept.get(state);
    if (kept === undefined || kept.version !== state.version || kept.answers.size >= MOST_KEPT) {
      kept = { version: state.version, answers: new Map() };
      this.#kept.set(state, kept);
    }
    const key = JSON.stringify(question);
    let answering = kept.answers.get(key);
    if (answering === undefined) {
      const version = `${state.record.id} ${this.#serialOf(state)} ${state.version}`;
      const task = samplerTask(state.record);
      answering = this.#run({ version, task, observations: [...state.observations], question });
      kept.answers.set(key, answering);
      const { answers } = kept;
      answering.catch(() => answers.delete(key));
    }
    const answer = await answering;
    if (answer.kind === 'refused')
      throw new UserError({ code: 'BAD_QUESTION', message: answer.message, where: 'query', status: 422 });
    return answer;
  }

  #serialOf(state: StudyState): number {
    const known = this.#serials.get(state);
    if (known !== undefined) return known;
    this.#serials.set(state, ++this.#lastSerial);
    return this.#lastSerial;
  }

  async #run(request: ExplainRequest): Promise<ExplainAnswer> {
    const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
    const filename = new URL(`./explain-worker${extension}`, import.meta.url).href;
    this.#worker ??= new Piscina({ filename, minThreads: 0, maxThreads: 1, idleTimeout: 60_000 });
    return (await this.#worker.run(request)) as ExplainAnswer;
  }

  async close(): Promise<void> {
    await this.#worker?.destroy();
  }
}
