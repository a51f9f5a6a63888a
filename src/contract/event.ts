/** Events of a study: the body of server-sent events and of the NDJSON stream. `seq` grows by the order of commits. */
import { type Static, Type } from 'typebox';
import { oneOf, strictObject } from './strict-object.ts';

export const EVENT_TYPES = [
  'study.created',
  'study.updated',
  'study.state',
  'trial.created',
  'trial.leased',
  'trial.progress',
  'trial.requeued',
  'trial.finished',
] as const;

export const EventSchema = strictObject(
  {
    seq: Type.Integer(),
    study: Type.String(),
    type: oneOf(EVENT_TYPES),
    at: Type.String(),
    data: Type.Record(Type.String(), Type.Unknown(), {
      description: '`trial`: the trial as it is now. `state`, `reason`: of the study.',
    }),
  },
  { $id: 'Event' },
);

export type EventType = (typeof EVENT_TYPES)[number];
export type WireEvent = Static<typeof EventSchema>;
