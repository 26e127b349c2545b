"""Fetches repositories with huggingface_hub, or with --offline finds them in its cache; then says what it makes of the cache.

shared_cache.py [--offline] ID...; the environment says the rest (HF_ENDPOINT, HF_HOME).
"""

import hashlib
import json
import os
import pathlib
import sys

import huggingface_hub

offline = "--offline" in sys.argv
snapshots = {}
for name in sys.argv[1:]:
    if name.startswith("--"):
        continue
    folder = pathlib.Path(huggingface_hub.snapshot_download(name, local_files_only=offline))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    snapshots[name] = {"folder": str(folder), "hashes": hashes}
cache = huggingface_hub.scan_cache_dir()
revisions = {
    repo.repo_id: [{"commit": one.commit_hash, "refs": sorted(one.refs)} for one in repo.revisions] for repo in cache.repos
}
print(
    json.dumps(
        {
            "snapshots": snapshots,
            "revisions": revisions,
            "bytes": cache.size_on_disk,
            "warnings": [str(warning) for warning in cache.warnings],
        }
    )
)
