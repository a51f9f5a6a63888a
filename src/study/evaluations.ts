/** Single compressions without a study. They run in the background and are kept like trials are. */
import { randomBytes } from 'node:crypto';
import type { EvaluationRequest, EvaluationView } from '../contract/evaluation.ts';
import type { ArtifactLink } from '../contract/trial.ts';
import { UserError } from '../errors.ts';
import type { FileStore } from '../store/file-store.ts';
import type { TrialStore } from '../store/trial-store.ts';
import type { EvaluationResult, Evaluator, ProducedFile } from './ports.ts';

const ARTIFACT_LIMIT_BYTES = 1024 * 1024 * 1024;
const KIND = 'evaluation';

/** Stores the files of an evaluation and returns their links. */
export async function storeArtifacts(files: FileStore, produced: readonly ProducedFile[]): Promise<ArtifactLink[]> {
  const links: ArtifactLink[] = [];
  for (const { name, mediaType, bytes } of produced) {
    const { sha256, sizeBytes } = await files.put([bytes], ARTIFACT_LIMIT_BYTES);
    links.push({ name, sha256, sizeBytes, mediaType });
  }
  return links;
}

export class Evaluations {
  readonly #store: TrialStore;
  readonly #files: FileStore;
  readonly #evaluator: Evaluator | null;
  readonly #running = new Map<string, EvaluationView>();
  readonly #closing = new AbortController();

  constructor(store: TrialStore, files: FileStore, evaluator: Evaluator | null) {
    this.#store = store;
    this.#files = files;
    this.#evaluator = evaluator;
  }

  /** What was running when the daemon died has failed. */
  async recover(): Promise<void> {
    for (const { body } of await this.#store.documents(KIND)) {
      const view = JSON.parse(body) as EvaluationView;
      if (view.state === 'running')
        await this.#put({ ...view, state: 'failed', reason: 'the daemon was stopped', finishedAt: now() });
    }
  }

  /** Starts an evaluation and returns at once. */
  async start(request: EvaluationRequest): Promise<EvaluationView> {
    const evaluator = this.#evaluator;
    if (evaluator === null)
      throw new UserError({ code: 'NO_EVALUATOR', message: 'this daemon evaluates nothing', status: 501 });
    const view: EvaluationView = {
      id: `ev_${randomBytes(8).toString('hex')}`,
      state: 'running',
      request,
      metrics: {},
      artifacts: [],
      reason: null,
      progress: 0,
      createdAt: now(),
      finishedAt: null,
    };
    await this.#put(view);
    this.#running.set(view.id, view);
    void this.#run(evaluator, view);
    return view;
  }

  async #run(evaluator: Evaluator, view: EvaluationView): Promise<void> {
    const onProgress = (progress: number): void => {
      const current = this.#running.get(view.id);
      if (current !== undefined) this.#running.set(view.id, { ...current, progress });
    };
    let finished: EvaluationView;
    try {
      const result = await evaluator.evaluate(view.request, { signal: this.#closing.signal, onProgress });
      finished = await this.#finish(view, result);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      finished = { ...view, state: 'failed', reason, progress: null, finishedAt: now() };
    }
    await this.#put(finished).catch(() => {});
    this.#running.delete(view.id);
  }

  async #finish(view: EvaluationView, result: EvaluationResult): Promise<EvaluationView> {
    const done = { ...view, state: result.state, progress: null, finishedAt: now() };
    if (result.state === 'completed')
      return {
        ...done,
        metrics: result.metrics as EvaluationView['metrics'],
        artifacts: await storeArtifacts(this.#files, result.files),
      };
    if (result.state === 'failed') return { ...done, reason: result.reason };
    return { ...done, reason: result.reason, metrics: result.metrics as EvaluationView['metrics'] };
  }

  /** Throws `UserError` EVALUATION_NOT_FOUND (404). */
  async get(id: string): Promise<EvaluationView> {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const document = await this.#store.document(KIND, id);
    if (document === null)
      throw new UserError({ code: 'EVALUATION_NOT_FOUND', message: `there is no evaluation "${id}"`, status: 404 });
    return JSON.parse(document.body) as EvaluationView;
  }

  close(): void {
    this.#closing.abort();
  }

  #put(view: EvaluationView): Promise<void> {
    return this.#store.commit({
      documents: [{ kind: KIND, key: view.id, body: JSON.stringify(view) }],
      durable: view.state !== 'running',
    });
  }
}

const now = (): string => new Date().toISOString();
