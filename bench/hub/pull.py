"""Downloads files of the benchmark's repository with Python's huggingface_hub: the counterpart of pull.ts."""

import json
import sys
import time

import huggingface_hub

start = time.perf_counter()
huggingface_hub.snapshot_download("bench/model", allow_patterns=[f"{sys.argv[1]}*"])
print(json.dumps({"seconds": time.perf_counter() - start, "version": huggingface_hub.__version__}))
