/** Changes to a study while it runs: budget, parallelism, notes, tags, and the bounds of its constraints. */
import type { OutcomeConstraint } from '@tinypareto/optimizer';
import type { StudyPatch } from '../contract/requests.ts';
import { UserError } from '../errors.ts';
import type { TrialRecord } from '../trial/trial.ts';
import { knownMetrics } from './definition.ts';
import { violationsOf } from './judge.ts';
import type { StudyRecord } from './study.ts';
import type { StudyRegistry } from './study-registry.ts';
import { compileRules, type StudyRules, splitConstraints } from './study-rules.ts';
import type { StudyState } from './study-state.ts';
import { changeStudy } from './transition.ts';

/** Completed trials under the new constraints. Throws when a trial lacks a metric that they read. */
function rejudge(trials: readonly TrialRecord[], constraints: readonly OutcomeConstraint[]): TrialRecord[] {
  return trials
    .filter((trial) => trial.state === 'completed')
    .map((trial) => {
      const violations = violationsOf(constraints, trial.metrics);
      const lacking = constraints.find(({ name }) => violations[name] === undefined);
      if (lacking !== undefined)
        throw new UserError({
          code: 'BAD_CONSTRAINT',
          message: `the constraint "${lacking.name}" reads a metric that trial ${trial.number} does not have`,
          hint: 'clone the study without its trials to add a constraint on a new metric',
          status: 409,
        });
      return { ...trial, violations, feasible: Object.values(violations).every((violation) => violation <= 0) };
    });
}

function checkRevision(record: StudyRecord, ifMatch: string | null): void {
  if (ifMatch === null || ifMatch === '*' || ifMatch.replace(/^W\//, '') === `"${record.revision}"`) return;
  throw new UserError({
    code: 'REVISION_MISMATCH',
    message: `study "${record.name}" is at revision ${record.revision}, not ${ifMatch}`,
    hint: 'read it again and repeat the change',
    status: 412,
  });
}

function splitFor(record: StudyRecord, constraints: NonNullable<StudyPatch['constraints']>) {
  const metrics = new Set([...record.objectives.map(({ metric }) => metric), ...Object.keys(record.known ?? {})]);
  const { evaluation } = record;
  return splitConstraints(
    constraints,
    record.parameters,
    metrics,
    knownMetrics(evaluation === null ? {} : { evaluation }),
  );
}

/** `ifMatch` is the ETag that the caller saw, or null. Throws `UserError` REVISION_MISMATCH (412). */
export async function patchStudy(
  registry: StudyRegistry,
  ref: string,
  patch: StudyPatch,
  ifMatch: string | null,
): Promise<StudyState> {
  const found = await registry.state(ref);
  const split = patch.constraints === undefined ? null : await splitFor(found.record, patch.constraints);
  const rules: StudyRules | null = split === null ? null : await compileRules({ ...found.record, ...split });
  // Compiling takes time: the study as it is now, without a wait from here to the change.
  const state = await registry.state(ref);
  const { record } = state;
  checkRevision(record, ifMatch);
  const { budget, parallel, notes, tags } = patch;
  if (parallel !== undefined && record.evaluation === null)
    throw new UserError({
      code: 'BAD_VALUE',
      message: 'parallel: an external study has no parallelism of its own',
      where: 'parallel',
    });
  const next = changeStudy(
    record,
    {
      ...(budget !== undefined && { budget }),
      ...(notes !== undefined && { notes }),
      ...(tags !== undefined && { tags }),
      ...split,
      ...(parallel !== undefined && record.evaluation !== null && { evaluation: { ...record.evaluation, parallel } }),
    },
    registry.clock.now(),
  );
  const trials = rules === null ? [] : rejudge(state.trials, rules.constraints);
  if (rules !== null) {
    state.constraints = rules.constraints;
    state.space = rules.space;
    state.hasNothingLeft = false;
  }
  const stored = registry.commit(state, { record: next, trials, events: [{ type: 'study.updated' }], durable: true });
  if (rules !== null) {
    state.version++;
    state.rebuildFront();
  }
  await stored;
  return state;
}
