/** The evaluators' door: everything other rooms may use. */
export type * from './board-spec.ts';
export * from './build/build-arm.ts';
export * from './build/build-error.ts';
export * from './build/build-host.ts';
export * from './build/compile-model.ts';
export * from './build/host-runner.ts';
export * from './build/sandbox.ts';
export * from './build/toolchain.ts';
export * from './codegen/codegen-error.ts';
export { REQUIRED_FLAGS } from './codegen/emit-build-files.ts';
export * from './codegen/emit-c.ts';
export * from './codegen/lower.ts';
export * from './codegen/predict-sizes.ts';
export type * from './codegen/program.ts';
export { type CompressResult, compress } from './compress/compress.ts';
export type * from './compress/compress-hooks.ts';
export * from './compress/compression-error.ts';
export type { AccuracyRecord, CompressionReport, TrainingRecord } from './compress/compression-report.ts';
export * from './compress/dependencies/dependency-groups.ts';
export * from './compress/evaluate-integer.ts';
export * from './compress/fuse-quantized.ts';
export type { Measure, Measures } from './compress/group-widths.ts';
export { compileInteger, type IntegerProgram } from './compress/integer-engine/integer-program.ts';
export * from './compress/make-subnets.ts';
export {
  type Achieved,
  type LayerWidth,
  type PruneContext,
  type PruneResult,
  pruneStructured,
} from './compress/prune-structured.ts';
export { calibrate } from './compress/quantization/calibrate.ts';
export { quantize, type Ranges } from './compress/quantization/quantize-graph.ts';
export { calibrationSamples } from './compress/quantize-network.ts';
export { type RestructuredLayer, type RestructureResult, restructure } from './compress/restructure/restructure.ts';
export type * from './compression-plan.ts';
export * from './ir/cost.ts';
export * from './ir/dtype.ts';
export type * from './ir/graph.ts';
export * from './ir/npy.ts';
export * from './ir/op.ts';
export * from './ir/print.ts';
export * from './ir/tensor.ts';
export * from './ir/zip.ts';
export type * from './memory/buffer.ts';
export * from './memory/plan-memory.ts';
export * from './onnx/export/export-onnx.ts';
export * from './onnx/import-error.ts';
export * from './onnx/import-onnx.ts';
export type { ImportLimits } from './onnx/limits.ts';
export * from './onnx/steering-inputs.ts';
export { inferTypes, runOp } from './ops/evaluate-node.ts';
export { INTEGER_OPS, type IntegerKind, isIntegerKind } from './ops/integer/integer-registry.ts';
export * from './ops/interpret.ts';
export type { TensorType } from './ops/op-definition.ts';
export * from './ops/validate-graph.ts';
export type * from './outcome.ts';
export type * from './passes/pass.ts';
export { peakBytes } from './passes/peak-memory.ts';
export { reorder } from './passes/reorder.ts';
export * from './passes/run-passes.ts';
export * from './passes/simplify.ts';
export * from './pipeline/evaluate-trial.ts';
export type * from './pipeline/evaluation.ts';
export * from './pipeline/load-network.ts';
export * from './pipeline/size-preview.ts';
export * from './train/data/dataset.ts';
export * from './train/data/dataset-error.ts';
export * from './train/data/load-dataset.ts';
export type { EngineKind } from './train/engine.ts';
export * from './train/evaluate.ts';
export type { FakeQuant, FakeQuantMap } from './train/fake-quant.ts';
export * from './train/finetune.ts';
export type { LossKind } from './train/loss.ts';
export { UnsupportedTrainingError } from './train/lower/builder.ts';
export * from './train/recalibrate.ts';
export * from './train/supernet.ts';
export * from './train/training-program.ts';
