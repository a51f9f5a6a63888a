/** Decides whether a result counts: the right device, whole, and with the expected outputs byte for byte. */
import { createHash } from 'node:crypto';
import type { JobError, Measurement } from '@tinypareto/hw-agents/protocol';
import type { MeasureRequest } from './measure-request.ts';

/** What is wrong with a result; undefined when it counts. */
export function judgeMeasurement(
  request: MeasureRequest,
  deviceId: string,
  measurement: Measurement,
): JobError | undefined {
  if (measurement.deviceIdBefore !== deviceId || measurement.deviceIdAfter !== deviceId) {
    return { class: 'BOARD', message: `the result is of another device than ${deviceId}`, retryable: true };
  }
  const outputs = measurement.outputs.map((output) => Buffer.from(output, 'base64'));
  const hash = createHash('sha256');
  for (const output of outputs) hash.update(output);
  if (outputs.length !== request.expectedOutputs.length || hash.digest('hex') !== measurement.outputsSha256) {
    return { class: 'PROTOCOL', message: 'the outputs do not match their own hash or number', retryable: true };
  }
  if (measurement.latencySamplesUs.length !== request.runs) {
    return {
      class: 'PROTOCOL',
      message: `${measurement.latencySamplesUs.length} samples for ${request.runs} runs`,
      retryable: true,
    };
  }
  for (const [index, expected] of request.expectedOutputs.entries()) {
    const got = outputs[index] ?? Buffer.alloc(0);
    const difference =
      request.floatTolerance === undefined
        ? compareBytes(got, expected)
        : compareFloats(got, expected, request.floatTolerance);
    if (difference !== undefined) {
      return {
        class: 'NUMERIC',
        message: `output ${index} differs from the interpreter's ${difference}`,
        retryable: false,
      };
    }
  }
  return undefined;
}

function compareBytes(got: Buffer, expected: Uint8Array): string | undefined {
  if (got.equals(expected)) return undefined;
  const at = expected.findIndex((byte, i) => got[i] !== byte);
  return at < 0
    ? `in length: ${got.length} bytes instead of ${expected.length}`
    : `at byte ${at} of ${expected.length}: ${got[at]} instead of ${expected[at]}`;
}

function compareFloats(got: Buffer, expected: Uint8Array, tolerance: number): string | undefined {
  if (got.length !== expected.length) return `in length: ${got.length} bytes instead of ${expected.length}`;
  const a = new Float32Array(Uint8Array.from(got).buffer);
  const b = new Float32Array(Uint8Array.from(expected).buffer);
  const largest = b.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const at = b.findIndex((value, i) => !(Math.abs((a[i] ?? Number.NaN) - value) <= tolerance * largest));
  return at < 0 ? undefined : `at element ${at}: ${a[at]} instead of ${b[at]}`;
}
