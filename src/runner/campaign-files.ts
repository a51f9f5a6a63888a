/** The files and board types that an evaluation names. */
import { existsSync } from 'node:fs';
import type { BoardSpec, DatasetSpec as LoaderSpec } from '@tinypareto/evaluators';
import type { EvaluationSpec } from '../contract/study.ts';
import { EXIT, UserError } from '../errors.ts';
import { findBoard } from './board-specs.ts';
import { type ResolveFile, toLoaderSpec } from './dataset-spec.ts';

export interface CampaignFiles {
  readonly modelFile: string;
  readonly dataset: LoaderSpec;
  readonly boards: readonly BoardSpec[];
}

/** Throws UserError naming the model, data set or board that is not there. */
export function campaignFiles(
  evaluation: Pick<EvaluationSpec, 'model' | 'dataset' | 'board'>,
  resolve: ResolveFile,
): CampaignFiles {
  const modelFile = resolve(evaluation.model);
  if (!existsSync(modelFile)) {
    throw new UserError({
      code: 'MISSING_INPUT',
      message: `there is no model ${JSON.stringify(evaluation.model)}`,
      where: 'evaluation.model',
      hint: 'upload it (POST /v1/models) and name it by its sha256',
      status: 422,
      exitCode: EXIT.missingInput,
    });
  }
  const names = typeof evaluation.board === 'string' ? [evaluation.board] : evaluation.board;
  return {
    modelFile,
    dataset: toLoaderSpec(evaluation.dataset, 'evaluation.dataset', resolve),
    boards: names.map((name, i) =>
      findBoard(name, typeof evaluation.board === 'string' ? 'evaluation.board' : `evaluation.board[${i}]`),
    ),
  };
}
