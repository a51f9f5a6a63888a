#!/usr/bin/env python3
"""Runs ONNX models with ONNX Runtime and writes their outputs as plain little-endian numbers. One argument: a JSON file
{"level": "integer" | "default" | "none", "jobs": [{"model", "inputs": [{"name", "dtype", "shape", "file"}], "samples", "output"}]}.
Prints {"version", "jobs": [{"outputs": [{"name", "dtype", "shape"}], "operators": [what the runtime made of it]} | {"error"}]}; the outputs of a sample follow each other in the file "output".
"""
import json
import sys

import numpy as np
import onnx
import onnxruntime as ort

ALL = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
LEVELS = {"integer": ALL, "default": ALL, "none": ort.GraphOptimizationLevel.ORT_DISABLE_ALL}


def operators(file):
    """Types of the nodes of a model without subgraphs."""
    return [node.op_type for node in onnx.load(file, load_external_data=False).graph.node]


def run(job, level):
    options = ort.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if level == "integer":
        # On x86 the runtime otherwise turns signed activations into unsigned ones, except at borders and branches, and runs what is then
        # of mixed signs in float; on Arm this is the default.
        options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.optimized_model_filepath = job["output"] + ".optimized.onnx"
    session = ort.InferenceSession(job["model"], options, providers=["CPUExecutionProvider"])
    feeds = []
    for entry in job["inputs"]:
        data = np.fromfile(entry["file"], dtype=entry["dtype"])
        feeds.append((entry["name"], data.reshape([job["samples"], *entry["shape"]])))
    names = [output.name for output in session.get_outputs()]
    described = []
    with open(job["output"], "wb") as file:
        for sample in range(job["samples"]):
            results = session.run(names, {name: data[sample] for name, data in feeds})
            if sample == 0:
                described = [
                    {"name": name, "dtype": str(result.dtype), "shape": list(result.shape)}
                    for name, result in zip(names, results)
                ]
            for result in results:
                file.write(result.tobytes())
    return {"outputs": described, "operators": operators(options.optimized_model_filepath)}


def main():
    with open(sys.argv[1]) as file:
        order = json.load(file)
    answers = []
    for job in order["jobs"]:
        try:
            answers.append(run(job, order["level"]))
        except Exception as error:  # what the runtime refuses is a finding, not the end
            answers.append({"error": str(error).splitlines()[0][:300]})
    json.dump({"version": ort.__version__, "jobs": answers}, sys.stdout)


main()
