"""A hub on the loopback that serves one repository from a folder: its files by sendfile, so that hardly any of the processor is the server's.

Run as `python server.py FOLDER [MBIT]`, whose `files.json` lists paths, sizes and hashes. MBIT is what its line carries a second, for each
file; as much as it can where left out. Prints its address, and runs until it is ended.
"""

import http.server
import json
import pathlib
import sys
import time
import urllib.parse

MODEL = "bench/model"
COMMIT = "b" * 40
# Bytes that are sent at once.
PIECE = 1 << 20


class Hub(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without, a small answer's body waits until its head is acknowledged.
    disable_nagle_algorithm = True

    def do_HEAD(self):
        self.answer(has_body=False)

    def do_GET(self):
        self.answer(has_body=True)

    def answer(self, has_body):
        path = urllib.parse.unquote(urllib.parse.urlparse(self.path).path)
        if path.startswith(f"/api/models/{MODEL}/revision/"):
            siblings = [{"rfilename": name} for name in FILES]
            self.send_json({"_id": "1", "id": MODEL, "modelId": MODEL, "sha": COMMIT, "siblings": siblings, "private": False})
        elif path.startswith(f"/api/models/{MODEL}/tree/"):
            self.send_json([entry(file) for file in FILES.values()])
        elif file := FILES.get(path.removeprefix(f"/{MODEL}/resolve/{COMMIT}/")):
            self.send_file(file, has_body)
        else:
            self.send_head(404, {"content-length": "0"})

    def send_head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send_json(self, value):
        body = json.dumps(value).encode()
        self.send_head(200, {"content-type": "application/json", "content-length": str(len(body))})
        self.wfile.write(body)

    def send_file(self, file, has_body):
        etag = file.get("sha256", file["git"])
        self.send_head(200, {"etag": f'"{etag}"', "x-repo-commit": COMMIT, "content-length": str(file["size"])})
        if has_body:
            with open(FOLDER / file["path"], "rb") as body:
                start = time.perf_counter()
                for sent in range(0, file["size"], PIECE):
                    if RATE:
                        time.sleep(max(0, start + sent / RATE - time.perf_counter()))
                    self.connection.sendfile(body, sent, min(PIECE, file["size"] - sent))

    def log_message(self, *_):
        pass


def entry(file):
    """A file as the hub's tree lists it."""
    found = {"type": "file", "path": file["path"], "size": file["size"], "oid": file["git"]}
    if "sha256" in file:
        found["lfs"] = {"oid": file["sha256"], "size": file["size"], "pointerSize": 130}
    return found


if __name__ == "__main__":
    FOLDER = pathlib.Path(sys.argv[1])
    # Bytes a second.
    RATE = float(sys.argv[2]) * 1e6 / 8 if len(sys.argv) > 2 else 0
    FILES = {file["path"]: file for file in json.loads((FOLDER / "files.json").read_text())}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
