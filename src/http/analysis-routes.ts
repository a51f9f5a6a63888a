/** What a study has taught: importance of parameters, slices, a timeline, and checks of its health. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { EXIT, UserError } from '../errors.ts';
import type { Explainer } from '../study/explainer.ts';
import type { StudyService } from '../study/study-service.ts';
import type { StudyState } from '../study/study-state.ts';
import { trialId } from '../trial/trial.ts';
import { answer, problems, StudyPath, security } from './route-schema.ts';

const Importance = Type.Array(Type.Object({ parameter: Type.String(), alone: Type.Number(), total: Type.Number() }));
const SliceQuery = Type.Object({
  param: Type.Optional(Type.String({ maxLength: 200, description: 'One parameter; all of them without it.' })),
  trial: Type.Optional(Type.Integer({ minimum: 0, description: 'Number of the trial whose other params are held.' })),
  points: Type.Optional(Type.Integer({ minimum: 2, maximum: 200 })),
});

const ContourQuery = Type.Object({
  x: Type.String({ maxLength: 200 }),
  y: Type.String({ maxLength: 200 }),
  trial: Type.Optional(Type.Integer({ minimum: 0, description: 'Number of the trial whose other params are held.' })),
  points: Type.Optional(Type.Integer({ minimum: 2, maximum: 60, description: 'Per side.' })),
});

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

/** Values of one parameter against every metric, of the trials that have both. */
function observedAlong(state: StudyState, parameter: string) {
  return state.trials.flatMap((trial) => {
    const value = trial.params[parameter];
    if (value === undefined || Object.keys(trial.metrics).length === 0) return [];
    const metrics = Object.fromEntries(Object.entries(trial.metrics).map(([name, { mean }]) => [name, mean]));
    return [
      { trial: trialId(state.record.id, trial.number), number: trial.number, value, feasible: trial.feasible, metrics },
    ];
  });
}

/** The point whose other values are held: the trial asked for, else the first of the front, else the first completed one. */
function slicePoint(state: StudyState, number: number | undefined) {
  const chosen = number ?? state.front.numbers[0] ?? state.trials.find(({ state: s }) => s === 'completed')?.number;
  const trial = chosen === undefined ? undefined : state.trials[chosen];
  if (trial !== undefined) return trial;
  throw new UserError({
    code: number === undefined ? 'NOTHING_TO_EXPLAIN' : 'TRIAL_NOT_FOUND',
    message: number === undefined ? 'the study has no completed trial yet' : `the study has no trial ${number}`,
    status: number === undefined ? 409 : 404,
    exitCode: EXIT.missingInput,
  });
}

function timeline(state: StudyState) {
  return state.trials.map((trial) => ({
    trial: trialId(state.record.id, trial.number),
    number: trial.number,
    state: trial.state,
    origin: trial.why.origin,
    createdAt: time(trial.createdAt),
    startedAt: time(trial.startedAt),
    finishedAt: time(trial.finishedAt),
    attempts: trial.attempts.map(({ fence, clientId, startedAt, leaseUntil }) => ({
      fence,
      clientId,
      startedAt: time(startedAt),
      leaseUntil: time(leaseUntil),
    })),
  }));
}

export function analysisRoutes(service: StudyService, explainer: Explainer): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/v1/studies/:study/importance',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getImportance',
          tags: ['analysis'],
          summary: 'Sobol indices of every parameter for every metric and for the hypervolume, under the fitted models',
          security,
          params: StudyPath,
          response: {
            200: answer(
              'Empty where there are too few trials for a model',
              Type.Object({
                metrics: Type.Record(Type.String(), Importance),
                hypervolume: Type.Union([Importance, Type.Null()]),
              }),
            ),
            ...problems,
          },
        },
      },
      async (request) => {
        const found = await explainer.explain(await service.state(request.params.study), { kind: 'importance' });
        if (found.kind !== 'importance') throw new Error('another question was answered');
        const metrics = Object.fromEntries(Object.entries(found.metrics).map(([name, list]) => [name, [...list]]));
        return { metrics, hypervolume: found.hypervolume === null ? null : [...found.hypervolume] };
      },
    );

    app.get(
      '/v1/studies/:study/slice',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getSlice',
          tags: ['analysis'],
          summary: 'Metrics along each parameter: what was observed, and what the models predict through one trial',
          security,
          params: StudyPath,
          querystring: SliceQuery,
          response: { 200: answer('Slices', Type.Object({ slices: Type.Array(Type.Unknown()) })), ...problems },
        },
      },
      async ({ params, query }) => {
        const state = await service.state(params.study);
        const point = slicePoint(state, query.trial);
        const names = query.param === undefined ? Object.keys(point.params) : [query.param];
        const slices = [];
        for (const parameter of names) {
          const question = { kind: 'slice', parameter, at: point.params, points: query.points ?? 25 } as const;
          const found = await explainer.explain(state, question);
          if (found.kind !== 'slice') throw new Error('another question was answered');
          const { values, metrics } = found.slice;
          slices.push({
            parameter,
            at: { trial: trialId(state.record.id, point.number), params: point.params },
            predicted: { values, metrics },
            observed: observedAlong(state, parameter),
          });
        }
        return { slices };
      },
    );

    app.get(
      '/v1/studies/:study/contour',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getContour',
          tags: ['analysis'],
          summary: 'What the models predict over two parameters, the others held at one trial',
          security,
          params: StudyPath,
          querystring: ContourQuery,
          response: { 200: answer('Rows along y, columns along x', Type.Unknown()), ...problems },
        },
      },
      async ({ params, query }) => {
        const state = await service.state(params.study);
        const point = slicePoint(state, query.trial);
        const { x, y, points = 20 } = query;
        const question = { kind: 'contour', parameters: [x, y], at: point.params, points } as const;
        const found = await explainer.explain(state, question);
        if (found.kind !== 'contour') throw new Error('another question was answered');
        return { at: { trial: trialId(state.record.id, point.number), params: point.params }, ...found.contour };
      },
    );

    app.get(
      '/v1/studies/:study/calibration',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getCalibration',
          tags: ['analysis'],
          summary: 'How well the models foretell each trial from the others (leave-one-out)',
          security,
          params: StudyPath,
          response: { 200: answer('By metric; empty where there are too few trials', Type.Unknown()), ...problems },
        },
      },
      async (request) => {
        const found = await explainer.explain(await service.state(request.params.study), { kind: 'calibration' });
        if (found.kind !== 'calibration') throw new Error('another question was answered');
        return found.calibration;
      },
    );

    app.get(
      '/v1/studies/:study/timeline',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getTimeline',
          tags: ['analysis'],
          summary: 'When each trial and attempt began and ended, and who ran it',
          security,
          params: StudyPath,
          response: {
            200: answer('Trials by number', Type.Object({ trials: Type.Array(Type.Unknown()) })),
            ...problems,
          },
        },
      },
      async (request) => ({ trials: timeline(await service.state(request.params.study)) }),
    );

    app.get(
      '/v1/studies/:study/health',
      {
        config: { scope: 'read' },
        schema: {
          operationId: 'getHealth',
          tags: ['analysis'],
          summary: 'What looks wrong with the study and its data, the gravest first',
          security,
          params: StudyPath,
          response: {
            200: answer(
              'Findings',
              Type.Object({
                findings: Type.Array(
                  Type.Object({
                    severity: Type.String(),
                    code: Type.String(),
                    subject: Type.Optional(Type.String()),
                    message: Type.String(),
                  }),
                ),
              }),
            ),
            ...problems,
          },
        },
      },
      async (request) => {
        const found = await explainer.explain(await service.state(request.params.study), { kind: 'health' });
        if (found.kind !== 'health') throw new Error('another question was answered');
        return { findings: [...found.findings] };
      },
    );
  };
}
