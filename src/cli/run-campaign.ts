/**
 * Runs a campaign to its end in the foreground: creates its study or continues the one of that name, shows progress, pauses on
 * interruption. The daemon behind `api` does the work.
 */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { StudyDefinition, StudyView } from '../contract/study.ts';
import { EXIT, UserError } from '../errors.ts';
import type { ApiClient } from './api-client.ts';
import type { CommandContext } from './command-context.ts';
import { type Ending, followStudy } from './follow-study.ts';
import { createLiveView, finishedTrials } from './live-view.ts';
import type { Campaign } from './read-campaign.ts';
import { readStudyResult, type StudyResult } from './study-result.ts';

export interface CampaignRun {
  readonly ending: Ending;
  readonly result: StudyResult;
}

export async function runCampaign(
  api: ApiClient,
  campaign: Campaign,
  trials: number | undefined,
  context: CommandContext,
): Promise<CampaignRun> {
  const definition = await withUploadedModel(api, campaign, trials);
  const study = await createOrContinue(api, definition, campaign);
  const view = createLiveView(context.isTerminal, (text) => process.stderr.write(text));
  const ending = await followStudy(api, study.id, view, context.signal);
  if (ending === 'interrupted') {
    await api.json('POST', `/v1/studies/${study.id}/pause`).catch((error: unknown) => {
      // It may have come to its end in the meantime.
      if (!(error instanceof UserError)) throw error;
    });
  }
  return { ending, result: await readStudyResult(api, study.id) };
}

async function withUploadedModel(
  api: ApiClient,
  campaign: Campaign,
  trials: number | undefined,
): Promise<StudyDefinition> {
  const { definition, modelFile } = campaign;
  const budget = trials === undefined ? definition.budget : { ...definition.budget, trials };
  const shared = { ...definition, ...(budget === undefined ? {} : { budget }) };
  if (definition.evaluation === undefined || modelFile === null) return shared;
  const bytes = await readFile(modelFile);
  const answer = await api.bytes('POST', '/v1/models', bytes).catch((error: unknown) => {
    if (error instanceof UserError) throw campaign.locate(withWhere(error, 'evaluation.model'));
    throw error;
  });
  const { sha256 } = JSON.parse(answer.toString('utf8')) as { sha256: string };
  return { ...shared, evaluation: { ...definition.evaluation, model: sha256 } };
}

function withWhere(error: UserError, where: string): UserError {
  return new UserError({
    code: error.code,
    message: error.message,
    where,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    status: error.status,
    exitCode: error.exitCode,
  });
}

async function createOrContinue(api: ApiClient, definition: StudyDefinition, campaign: Campaign): Promise<StudyView> {
  let study: StudyView;
  try {
    study = await api.json<StudyView>('POST', '/v1/studies?ifExists=return', definition);
  } catch (error) {
    throw error instanceof UserError && error.where !== undefined ? campaign.locate(error) : error;
  }
  refuseAnother(study, definition);
  const path = `/v1/studies/${study.id}`;
  const wanted = definition.budget?.trials;
  if (wanted !== undefined && wanted !== study.budget.trials) {
    study = await api.json<StudyView>('PATCH', path, { budget: { ...study.budget, trials: wanted } });
  }
  const isUnfinished = wanted === undefined || finishedTrials(study) < wanted;
  if (study.state === 'paused' || (study.state === 'completed' && study.reason === 'budget' && isUnfinished)) {
    study = await api.json<StudyView>('POST', `${path}/resume`);
  }
  return study;
}

/** A study of the same name that searches for something else is not continued. */
function refuseAnother(study: StudyView, definition: StudyDefinition): void {
  const keys = ['objectives', 'space', 'evaluation'] as const;
  const different = keys.filter((key) => !isDeepStrictEqual(study[key], definition[key]));
  if (different.length === 0) return;
  throw new UserError({
    code: 'STUDY_DIFFERS',
    message: `a study named ${JSON.stringify(study.name)} is there already, with other ${different.join(' and ')}`,
    where: study.id,
    hint: 'give the campaign another name, or use another folder with --data',
    exitCode: EXIT.tryAgain,
  });
}
