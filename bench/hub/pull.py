"""Downloads files of the benchmark's repository with Python's huggingface_hub: the counterpart of pull.ts.

With --verify it also hashes what came, as pull.ts does on the way; huggingface_hub trusts what it is sent.
"""

import hashlib
import json
import pathlib
import sys
import time

import huggingface_hub

start = time.perf_counter()
folder = huggingface_hub.snapshot_download("bench/model", allow_patterns=[f"{sys.argv[-1]}*"])
if "--verify" in sys.argv:
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                hashlib.file_digest(file, "sha256")
print(json.dumps({"seconds": time.perf_counter() - start, "version": huggingface_hub.__version__}))
