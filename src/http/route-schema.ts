/** Pieces that all routes share in the OpenAPI document. */
import { type TSchema, Type } from 'typebox';
import { ProblemSchema } from '../contract/problem.ts';
import { shared } from './body-parsing.ts';

const problem = {
  description: 'Problem document (RFC 9457)',
  content: { 'application/problem+json': { schema: shared(ProblemSchema) } },
};

/** The problem answers that any route may give. */
export const problems = { '4xx': problem, '5xx': problem } as const;

export const security = [{ bearer: [] }];

export const StudyPath = Type.Object({
  study: Type.String({ minLength: 1, maxLength: 200, description: 'Id or name of a study.' }),
});

export const TrialPath = Type.Object({ trial: Type.String({ minLength: 1, maxLength: 100 }) });

/** A JSON answer in words. */
export function answer(description: string, schema: TSchema) {
  return { description, content: { 'application/json': { schema } } };
}
