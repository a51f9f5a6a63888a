/** Lays out what a campaign found: for each front model its C sources, ONNX file and report; and the study for Optuna. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactLink } from '../contract/trial.ts';
import type { ApiClient } from './api-client.ts';
import type { StudyResult } from './study-result.ts';

export interface FrontFiles {
  readonly folder: string;
  readonly optuna: string;
  readonly models: readonly { readonly trial: string; readonly folder: string; readonly files: readonly string[] }[];
}

export async function writeFrontFiles(api: ApiClient, result: StudyResult, folder: string): Promise<FrontFiles> {
  const { readZip } = await import('@tinypareto/evaluators');
  const models = [];
  for (const point of result.front) {
    const target = path.join(folder, `trial-${point.number}`);
    const trial = `/v1/trials/${encodeURIComponent(point.trial)}/artifacts`;
    const { artifacts } = await api.json<{ artifacts: ArtifactLink[] }>('GET', trial);
    const files: string[] = [];
    const write = async (name: string, bytes: Uint8Array): Promise<void> => {
      const file = path.join(target, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, bytes);
      files.push(file);
    };
    for (const { name } of artifacts) {
      const bytes = await api.bytes('GET', `${trial}/${encodeURIComponent(name)}`);
      if (name !== 'sources.zip') await write(name, bytes);
      else for (const entry of readZip(bytes)) await write(path.join('sources', entry.name), entry.bytes);
    }
    models.push({ trial: point.trial, folder: target, files });
  }
  await mkdir(folder, { recursive: true });
  const optuna = path.join(folder, 'optuna-study.db');
  const study = encodeURIComponent(result.study.id);
  await writeFile(optuna, await api.bytes('GET', `/v1/studies/${study}/export?format=optuna-sqlite`));
  return { folder, optuna, models };
}
