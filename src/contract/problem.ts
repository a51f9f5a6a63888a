/** Problem documents (RFC 9457) with a stable `code`. */
import { type Static, Type } from 'typebox';
import { strictObject } from './strict-object.ts';

export const ProblemSchema = strictObject(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String(),
    detail: Type.String(),
    instance: Type.Optional(Type.String()),
    where: Type.Optional(Type.String()),
    hint: Type.Optional(Type.String()),
    state: Type.Optional(Type.String()),
    reason: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(
        strictObject({
          code: Type.String(),
          where: Type.String(),
          message: Type.String(),
          hint: Type.Optional(Type.String()),
        }),
      ),
    ),
  },
  { $id: 'Problem' },
);

export type Problem = Static<typeof ProblemSchema>;
