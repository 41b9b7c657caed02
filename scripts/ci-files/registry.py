"""A registry of npm on this machine, with the packages of a folder."""

import base64
import hashlib
import http.server
import json
import pathlib
import tarfile
import tempfile
import threading
import urllib.parse


class Registry:
    """Serves the packages (`*.tgz`) of a folder; `environment` makes npm install from it."""

    def __init__(self, folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Packages)
        address = f"http://127.0.0.1:{server.server_port}"
        server.files = {f"/{file.name}": file for file in pathlib.Path(folder).glob("*.tgz")}
        server.packages = dict(described(file, address) for file in server.files.values())
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.environment = {"npm_config_registry": address, "npm_config_cache": tempfile.mkdtemp()}


def described(file, address):
    """The path of a package in the registry, and what the registry says of it."""
    with tarfile.open(file) as packed:
        package = json.load(packed.extractfile("package/package.json"))
    digest = base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode()
    package["dist"] = {"tarball": f"{address}/{file.name}", "integrity": f"sha512-{digest}"}
    name, version = package["name"], package["version"]
    return f"/{name}", {"name": name, "dist-tags": {"latest": version}, "versions": {version: package}}


class Packages(http.server.BaseHTTPRequestHandler):
    """Answers with a package or its description."""

    def do_GET(self):
        path = urllib.parse.unquote(self.path)
        if path in self.server.files:
            content = self.server.files[path].read_bytes()
        elif path in self.server.packages:
            content = json.dumps(self.server.packages[path]).encode()
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass
