/**
 * Events of a study: server-sent events that resume after `Last-Event-ID` without a gap, or NDJSON with `?after=` for curl.
 * What an event says of a trial is the trial as it is when the event is sent.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { WireEvent } from '../contract/event.ts';
import type { StoredEvent } from '../store/trial-store.ts';
import type { StudyService } from '../study/study-service.ts';
import { trialId } from '../trial/trial.ts';
import { problems, StudyPath, security } from './route-schema.ts';

const PAGE = 1000;
/** Events that wait for a slow reader before its stream is closed; it resumes where it was. */
const MOST_WAITING = 10_000;
const LONGEST_WAIT_SECONDS = 60;

const EventsQuery = Type.Object({
  after: Type.Optional(Type.Integer({ minimum: 0, description: 'Events after this sequence number, as NDJSON.' })),
  wait: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: LONGEST_WAIT_SECONDS,
      description: 'Wait this long for a first event (NDJSON).',
    }),
  ),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
});

async function toWire(service: StudyService, event: StoredEvent): Promise<WireEvent> {
  const { seq, study, type, trial, at, data } = event;
  const shown =
    trial === null
      ? data
      : { ...data, trial: await service.trial(trialId(study, trial)).catch(() => trialId(study, trial)) };
  return { seq, study, type, at: new Date(at).toISOString(), data: shown };
}

function wantsStream(request: FastifyRequest, query: Static<typeof EventsQuery>): boolean {
  const accept = request.headers.accept ?? '*/*';
  if (accept.includes('text/event-stream')) return true;
  if (accept.includes('ndjson') || accept.includes('jsonl')) return false;
  return query.after === undefined && query.wait === undefined;
}

/** The next event of the study, or nothing after `seconds`. */
function waitForEvent(
  service: StudyService,
  study: string | null,
  seconds: number,
  request: FastifyRequest,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      unsubscribe();
      request.raw.off('close', done);
      resolve();
    };
    const timer = setTimeout(done, seconds * 1000);
    const unsubscribe = service.events.subscribe(study, done);
    request.raw.on('close', done);
  });
}

async function sendLines(
  service: StudyService,
  study: string | null,
  query: Static<typeof EventsQuery>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { after = 0, wait = 0, limit = PAGE } = query;
  let events = await service.eventsAfter(study, after, limit);
  if (events.length === 0 && wait > 0) {
    await waitForEvent(service, study, wait, request);
    events = await service.eventsAfter(study, after, limit);
  }
  const lines: string[] = [];
  for (const event of events) lines.push(`${JSON.stringify(await toWire(service, event))}\n`);
  return reply.type('application/x-ndjson').send(lines.join(''));
}

/** Old events from the store, then live ones, each once and in order. */
class EventStream {
  readonly #service: StudyService;
  readonly #study: string | null;
  readonly #reply: FastifyReply;
  readonly #waiting: StoredEvent[] = [];
  #last: number;
  #wake: (() => void) | null = null;
  #isOver = false;

  constructor(service: StudyService, study: string | null, reply: FastifyReply, last: number) {
    this.#service = service;
    this.#study = study;
    this.#reply = reply;
    this.#last = last;
  }

  async run(): Promise<void> {
    const { sse } = this.#reply;
    sse.keepAlive();
    const unsubscribe = this.#service.events.subscribe(this.#study, (event) => this.#receive(event));
    sse.onClose(() => {
      unsubscribe();
      this.#end();
    });
    sse.sendHeaders();
    try {
      await this.#sendStored();
      while (!this.#isOver) {
        const event = this.#waiting.shift();
        if (event === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
        else await this.#send(event);
      }
    } finally {
      unsubscribe();
      if (sse.isConnected) sse.close();
    }
  }

  #receive(event: StoredEvent): void {
    this.#waiting.push(event);
    if (this.#waiting.length > MOST_WAITING) this.#end();
    this.#wake?.();
  }

  #end(): void {
    this.#isOver = true;
    this.#wake?.();
  }

  async #sendStored(): Promise<void> {
    for (;;) {
      const events = await this.#service.eventsAfter(this.#study, this.#last, PAGE);
      for (const event of events) {
        if (this.#isOver) return;
        await this.#send(event);
      }
      if (events.length < PAGE) return;
    }
  }

  async #send(event: StoredEvent): Promise<void> {
    // Stored events may have been received live as well.
    if (event.seq <= this.#last) return;
    this.#last = event.seq;
    const wire = await toWire(this.#service, event);
    await this.#reply.sse.send({ id: String(event.seq), event: event.type, data: wire });
  }
}

export function eventsRoutes(service: StudyService): FastifyPluginAsyncTypebox {
  const serve = async (
    study: string | null,
    query: Static<typeof EventsQuery>,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> => {
    if (!wantsStream(request, query)) return sendLines(service, study, query, request, reply);
    const resumeAt = Number(request.headers['last-event-id'] ?? query.after ?? Number.NaN);
    // Without a place to resume at a stream begins with what happens from now on.
    const last = Number.isSafeInteger(resumeAt) && resumeAt >= 0 ? resumeAt : service.lastSeq;
    await new EventStream(service, study, reply, last).run();
    return reply;
  };
  const schema = {
    tags: ['events'],
    security,
    querystring: EventsQuery,
    response: {
      200: {
        description: 'Server-sent events (`id` is the sequence number, `event` the type), or NDJSON with `after`',
        content: { 'text/event-stream': { schema: Type.String() }, 'application/x-ndjson': { schema: Type.String() } },
      },
      ...problems,
    },
  };
  return async (app) => {
    app.get(
      '/v1/studies/:study/events',
      {
        sse: 'manual',
        config: { scope: 'read' },
        schema: { ...schema, operationId: 'studyEvents', summary: 'What happens in a study', params: StudyPath },
      },
      async (request, reply) => {
        const { record } = await service.state(request.params.study);
        return serve(record.id, request.query, request, reply);
      },
    );
    app.get(
      '/v1/events',
      {
        sse: 'manual',
        config: { scope: 'read' },
        schema: { ...schema, operationId: 'events', summary: 'What happens in all studies' },
      },
      async (request, reply) => serve(null, request.query, request, reply),
    );
  };
}
