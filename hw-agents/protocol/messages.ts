/**
 * Messages of the agent protocol, version 1: JSON over HTTP, the agent dials the daemon. The schemas validate on both sides and
 * appear in the daemon's OpenAPI document. docs/protocol.md has the rules.
 */
import { type Static, Type } from 'typebox';

export const PROTOCOL_VERSION = 1;

const Id = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9][A-Za-z0-9._:@-]*$' });
const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
/** base64 of at most 48 MiB. */
const Base64 = Type.String({ maxLength: 64 * 1024 * 1024 });

/** One physical or virtual board. `deviceId` is its probe or chip serial, never a tty path. */
export const DeviceDescription = Type.Object(
  {
    deviceId: Id,
    /** Board type: `host`, `pico`, `nano33ble` … */
    board: Id,
    kind: Type.Union([Type.Literal('host'), Type.Literal('virtual'), Type.Literal('real')]),
    title: Type.String({ maxLength: 200 }),
    /** Versions of the tools that build for it and run it. */
    toolVersions: Type.Record(Type.String(), Type.String({ maxLength: 200 })),
  },
  { additionalProperties: false },
);
export type DeviceDescription = Static<typeof DeviceDescription>;

export const RegisterRequest = Type.Object(
  {
    agentId: Id,
    version: Type.String({ maxLength: 64 }),
    /** Protocol versions that the agent speaks. */
    protocols: Type.Array(Type.Integer(), { minItems: 1, maxItems: 16 }),
    devices: Type.Array(DeviceDescription, { maxItems: 256 }),
    /** The agent's wall clock at sending, milliseconds since 1970. For diagnosis only: no rule depends on it. */
    clockMs: Type.Number(),
  },
  { additionalProperties: false },
);
export type RegisterRequest = Static<typeof RegisterRequest>;

export const RegisterAnswer = Type.Object({
  agentId: Id,
  protocol: Type.Integer(),
  /** A registered agent that is silent for this long is taken for gone. */
  silenceSeconds: Type.Number(),
  serverTimeMs: Type.Number(),
});
export type RegisterAnswer = Static<typeof RegisterAnswer>;

export const WorkRequest = Type.Object(
  { idleDevices: Type.Array(Id, { maxItems: 256 }) },
  { additionalProperties: false },
);
export type WorkRequest = Static<typeof WorkRequest>;

export const ProgramFile = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$', maxLength: 200 }),
    base64: Base64,
  },
  { additionalProperties: false },
);
export type ProgramFile = Static<typeof ProgramFile>;

/**
 * What runs on the device. `c-sources` are compiled by the agent into a program that follows the host-run contract (docs/protocol.md);
 * `elf` and `uf2` are firmware images.
 */
export const Program = Type.Object(
  {
    format: Type.Union([Type.Literal('c-sources'), Type.Literal('elf'), Type.Literal('uf2')]),
    sha256: Sha256,
    files: Type.Array(ProgramFile, { minItems: 1, maxItems: 2000 }),
    compilerFlags: Type.Array(Type.String({ pattern: '^-[A-Za-z0-9_=+.,-]+$', maxLength: 100 }), { maxItems: 64 }),
  },
  { additionalProperties: false },
);
export type Program = Static<typeof Program>;

/** Each wait has a deadline of its own; one phase never eats another's time. */
export const Deadlines = Type.Object(
  { buildSeconds: Type.Number(), flashSeconds: Type.Number(), bootSeconds: Type.Number(), runSeconds: Type.Number() },
  { additionalProperties: false },
);
export type Deadlines = Static<typeof Deadlines>;

export const Job = Type.Object({
  jobId: Id,
  /** Grows with every lease of any job on the device; a message with an older one is refused. */
  fence: Type.Integer(),
  /** From receipt, by the agent's monotonic clock. Renewed by each progress answer. */
  leaseSeconds: Type.Number(),
  deviceId: Id,
  program: Program,
  /** Inputs of single inferences, each the concatenated bytes of the network's inputs. */
  inputs: Type.Array(Base64, { minItems: 1, maxItems: 4096 }),
  /** Bytes of one inference's outputs together. */
  outputBytes: Type.Integer({ minimum: 0 }),
  /** Timed runs (at least 5) after `warmup` untimed ones. */
  runs: Type.Integer({ minimum: 5, maximum: 100_000 }),
  warmup: Type.Integer({ minimum: 0, maximum: 10_000 }),
  deadlines: Deadlines,
});
export type Job = Static<typeof Job>;

export const PHASES = ['queued', 'building', 'flashing', 'booting', 'checking', 'measuring', 'uploading'] as const;
export type Phase = (typeof PHASES)[number];

export const ProgressRequest = Type.Object(
  {
    fence: Type.Integer(),
    phase: Type.Unsafe<Phase>({ type: 'string', enum: [...PHASES] }),
    /** Share done, 0..1. */
    progress: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
    log: Type.Optional(Type.String({ maxLength: 16_384 })),
  },
  { additionalProperties: false },
);
export type ProgressRequest = Static<typeof ProgressRequest>;

export const ProgressAnswer = Type.Object({
  leaseSeconds: Type.Number(),
  directive: Type.Union([Type.Literal('continue'), Type.Literal('abort')]),
});
export type ProgressAnswer = Static<typeof ProgressAnswer>;

export const Distribution = Type.Object(
  {
    n: Type.Integer({ minimum: 1 }),
    min: Type.Number({ minimum: 0 }),
    median: Type.Number({ minimum: 0 }),
    p95: Type.Number({ minimum: 0 }),
    iqr: Type.Number({ minimum: 0 }),
  },
  { additionalProperties: false },
);
export type Distribution = Static<typeof Distribution>;

/**
 * Who is to blame: the board, flashing, booting, the wire protocol, wrong numbers, the power supply or monitor, a deadline, the agent
 * itself, or a lease that ran out.
 */
export const ERROR_CLASSES = [
  'BOARD',
  'BUILD',
  'FLASH',
  'BOOT',
  'PROTOCOL',
  'NUMERIC',
  'POWER',
  'TIMEOUT',
  'AGENT',
  'LEASE_LOST',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

export const JobError = Type.Object(
  {
    class: Type.Unsafe<ErrorClass>({ type: 'string', enum: [...ERROR_CLASSES] }),
    message: Type.String({ maxLength: 4000 }),
    retryable: Type.Boolean(),
    /** The end of the compiler's or device's output. */
    evidence: Type.Optional(Type.String({ maxLength: 16_384 })),
  },
  { additionalProperties: false },
);
export type JobError = Static<typeof JobError>;

export const Measurement = Type.Object(
  {
    /** Device identity read before and after the run; they must be equal. */
    deviceIdBefore: Id,
    deviceIdAfter: Id,
    /** Hash of the program as read back from the device (on the host: of the executable that ran). */
    programSha256: Sha256,
    /** Outputs of each inference, in the order of the job's inputs, each the concatenated bytes of the network's outputs. */
    outputs: Type.Array(Base64, { minItems: 1, maxItems: 4096 }),
    outputsSha256: Sha256,
    latencyUs: Distribution,
    /** Raw samples, one per timed run. */
    latencySamplesUs: Type.Array(Type.Number({ minimum: 0 }), { minItems: 5, maxItems: 100_000 }),
    cycles: Type.Optional(Distribution),
    energyUj: Type.Optional(Distribution),
    ramHighWaterBytes: Type.Optional(Type.Integer({ minimum: 0 })),
    toolVersions: Type.Record(Type.String(), Type.String({ maxLength: 200 })),
    warnings: Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 100 }),
  },
  { additionalProperties: false },
);
export type Measurement = Static<typeof Measurement>;

export const ResultRequest = Type.Union([
  Type.Object(
    { fence: Type.Integer(), status: Type.Literal('done'), measurement: Measurement },
    { additionalProperties: false },
  ),
  Type.Object(
    { fence: Type.Integer(), status: Type.Literal('error'), error: JobError },
    { additionalProperties: false },
  ),
]);
export type ResultRequest = Static<typeof ResultRequest>;

export const ResultAnswer = Type.Object({
  accepted: Type.Boolean(),
  /** The same result again. */
  replayed: Type.Optional(Type.Boolean()),
  /** Why a result does not count. */
  error: Type.Optional(JobError),
});
export type ResultAnswer = Static<typeof ResultAnswer>;
