#!/usr/bin/env python3
"""Runs ONNX files with ONNX Runtime (scripts/prove-export.ts calls it).

stdin: {"levels": ["disabled", "all"], "models": [{"file": ..., "input": file of float32 samples, "shape": of one sample, "count": n}]}
stdout: {"version": ..., "results": [{"disabled": {"file": ..., "seconds": ...} | {"error": ...}, ...}]}; a result file holds the first output of
every sample, float32, one after the other.
"""
import json
import sys

import numpy
import onnxruntime

LEVELS = {
    "disabled": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}


def run(model, level):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    # Without it the fused kernels may saturate sums of u8·s8 products on processors without VNNI.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(model["file"], options, providers=["CPUExecutionProvider"])
    samples = numpy.fromfile(model["input"], dtype=numpy.float32).reshape([model["count"], *model["shape"]])
    name = session.get_inputs()[0].name
    outputs = [session.run(None, {name: sample})[0] for sample in samples]
    file = f"{model['file']}.{level}.bin"
    numpy.concatenate([output.reshape(-1) for output in outputs]).astype(numpy.float32).tofile(file)
    return {"file": file}


def main():
    job = json.load(sys.stdin)
    results = []
    for model in job["models"]:
        result = {}
        for level in job["levels"]:
            try:
                result[level] = run(model, level)
            except Exception as error:  # a refusal of one file is a finding, not the end
                result[level] = {"error": str(error).splitlines()[0][:300]}
        results.append(result)
    print(json.dumps({"version": onnxruntime.__version__, "results": results}))


main()
