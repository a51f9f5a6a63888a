/** Decides whether a result counts: the right device, whole, and with the expected outputs byte for byte. */
import { createHash } from 'node:crypto';
import { outputDifference } from '@tinypareto/evaluators';
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
    const difference = outputDifference(got, expected, request.floatTolerance);
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
