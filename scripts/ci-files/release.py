"""A release of confcall as the action finds it: an archive with its checksum, served over TLS on this machine."""

import functools
import hashlib
import http.server
import pathlib
import platform
import shutil
import ssl
import subprocess
import tarfile
import tempfile
import threading

ROOT = pathlib.Path(__file__).parents[2]


class Release:
    """Serves archives with `program`, as the release of the version in Cargo.toml.

    `action` is a folder with the action, whose repository is this server. `downloads` is the address of the archives.
    `environment` makes curl trust the server. `is_damaged` changes the archives after their checksums were made.
    """

    def __init__(self, program, is_damaged=False):
        folder = pathlib.Path(tempfile.mkdtemp())
        manifest = (ROOT / "Cargo.toml").read_text()
        [address] = {line.split('"')[1] for line in manifest.splitlines() if line.startswith("repository = ")}
        version = next(line.split('"')[1] for line in manifest.splitlines() if line.startswith("version = "))

        downloads = folder / "served/confcall/releases/download" / f"v{version}"
        downloads.mkdir(parents=True)
        for library in ("gnu", "musl"):
            name = f"confcall-{platform.machine()}-unknown-linux-{library}"
            archive = downloads / f"{name}.tar.gz"
            with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
                tar.add(program, f"{name}/confcall")
            content = archive.read_bytes()
            checksum = f"{hashlib.sha256(content).hexdigest()} *{archive.name}\n"
            (downloads / f"{archive.name}.sha256").write_text(checksum)
            if is_damaged:
                archive.write_bytes(content[:-1])

        certificate, key = folder / "certificate.pem", folder / "key.pem"
        make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
        names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
        subprocess.run([*make.split(), *names], check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        handler = functools.partial(Quiet, directory=folder / "served")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()

        self.action = folder / "action"
        self.action.mkdir()
        shutil.copy(ROOT / "action.yml", self.action)
        served = f"https://localhost:{server.server_port}/confcall"
        (self.action / "Cargo.toml").write_text(manifest.replace(address, served))
        self.downloads = f"{served}/releases/download/v{version}"
        self.environment = {"CURL_CA_BUNDLE": str(certificate)}


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A server of files that prints nothing."""

    def log_message(self, *_):
        pass
