"""Runs ONNX files in PyPI's onnxruntime.

run_onnx.py FOLDER; its runs.json says which files of FOLDER/onnx, and which raw files are their inputs. Outputs become raw files too.
"""

import json
import pathlib
import sys

import numpy
import onnxruntime

folder = pathlib.Path(sys.argv[1])
results = {}
for run in json.loads((folder / "runs.json").read_text()):
    path = str(folder / "onnx" / run["file"])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    feeds = {
        one["name"]: numpy.fromfile(folder / one["path"], dtype=one["dtype"]).reshape(one["shape"])
        for one in run["inputs"]
    }
    outputs = []
    for output, value in zip(session.get_outputs(), session.run(None, feeds)):
        name = f"{run['file']}.{output.name}.out"
        value.tofile(folder / name)
        outputs.append({"name": output.name, "path": name, "dtype": str(value.dtype), "shape": value.shape})
    results[run["file"]] = outputs
print(json.dumps(results))
