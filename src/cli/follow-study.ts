/** Watches a running study until it comes to rest, is interrupted, or vanishes; shows progress on the way. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrontPoint, StudyView } from '../contract/study.ts';
import type { WireTrial } from '../contract/trial.ts';
import type { ApiClient } from './api-client.ts';
import { finishedTrials, type LiveView } from './live-view.ts';
import { allPages } from './with-api.ts';

const POLL_MS = 400;
/** Trials shown; more are only counted. */
const SHOWN = 200;

export type Ending = 'rested' | 'interrupted';

/** Resolves when no trial will start or finish any more without someone's doing. */
export async function followStudy(
  api: ApiClient,
  studyId: string,
  view: LiveView,
  signal: AbortSignal,
): Promise<Ending> {
  const path = `/v1/studies/${encodeURIComponent(studyId)}`;
  const started = performance.now();
  let finishedBefore: number | undefined;
  let lastEvent = -1;
  for (;;) {
    const study = await api.json<StudyView>('GET', path);
    finishedBefore ??= finishedTrials(study);
    if (study.lastEvent !== lastEvent) {
      lastEvent = study.lastEvent;
      view.update({
        study,
        trials: await latestTrials(api, path, study),
        front: await frontNumbers(api, path),
        seconds: (performance.now() - started) / 1000,
        finishedHere: finishedTrials(study) - finishedBefore,
      });
    }
    if (isAtRest(study)) {
      view.end();
      return 'rested';
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) {
      view.end();
      return 'interrupted';
    }
  }
}

function isAtRest(study: StudyView): boolean {
  if (study.state === 'running' || study.state === 'stopping') return false;
  return study.counts.running === 0 || study.state === 'cancelled' || study.state === 'archived';
}

async function latestTrials(api: ApiClient, path: string, study: StudyView): Promise<WireTrial[]> {
  const after = study.counts.total - SHOWN - 1;
  const trials = await allPages<WireTrial>(api, `${path}/trials?limit=${SHOWN}${after > 0 ? `&after=${after}` : ''}`);
  return trials.filter((trial) => trial.state !== 'waiting').slice(-SHOWN);
}

async function frontNumbers(api: ApiClient, path: string): Promise<ReadonlySet<number>> {
  const { front } = await api.json<{ front: FrontPoint[] }>('GET', `${path}/front`);
  return new Set(front.map((point) => point.number));
}
