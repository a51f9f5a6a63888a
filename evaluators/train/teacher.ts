/** The uncompressed network as a teacher: its softened answers to the student's batch (Hinton, Vinyals, Dean, 2015). */
import type { Graph } from '../ir/graph.ts';
import type { EngineKind } from './engine.ts';
import { compileInference } from './inference-program.ts';
import type { TrainingProgram } from './training-program.ts';

/** Softens both distributions; 4 is the middle of the range that Hinton et al. report (2.5 to 8). */
export const TEMPERATURE = 4;

/** Returns a function that writes the teacher's distribution for the student's current input into `student.teacher`. */
export function createTeacher(graph: Graph | undefined, student: TrainingProgram, kind?: EngineKind): () => void {
  if (graph === undefined) throw new Error('distillation needs the uncompressed network (options.teacher)');
  const program = compileInference(graph, student.batch, [], kind);
  if (program.width !== student.classes || program.input.length !== student.input.length) {
    throw new Error(`the teacher answers with ${program.width} numbers, the student with ${student.classes}`);
  }
  const producer = graph.nodes.find((node) => node.outputs.includes(graph.outputs[0]));
  const probabilities = producer?.op.kind === 'Softmax' && !producer.op.log;
  const { width } = program;
  return () => {
    program.input.set(student.input);
    program.run();
    for (let row = 0; row < student.batch * width; row += width) {
      const logits = program.output.subarray(row, row + width);
      const soft = Array.from(logits, (v) => (probabilities ? Math.log(Math.max(v, 1e-12)) : v) / TEMPERATURE);
      const top = Math.max(...soft);
      const powers = soft.map((v) => Math.exp(v - top));
      const sum = powers.reduce((a, b) => a + b, 0);
      student.teacher.set(
        powers.map((p) => p / sum),
        row,
      );
    }
  };
}
