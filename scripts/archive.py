#!/usr/bin/env python3
"""Makes an archive of a release from a wheel, in the form that the installers of `dist` expect.

    archive.py WHEEL TARGET OUT    writes OUT/confcall-TARGET.tar.gz (Windows: .zip) and its checksum
    archive.py --try ARCHIVE       checks the checksum, and runs the program in the archive with --version
"""

import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"]
RUNS = 0o755


def make(wheel, target, out):
    """Write the archive of the program in the wheel, and its checksum."""
    with zipfile.ZipFile(wheel) as packed:
        [member] = [it for it in packed.namelist() if ".data/scripts/confcall" in it]
        program = packed.read(member)
    name = f"confcall-{target}"
    files = {pathlib.PurePath(member).name: program, **{it: (ROOT / it).read_bytes() for it in DOCUMENTS}}
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    if "windows" in target:
        archive = out / f"{name}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packing:
            for file, content in files.items():
                packing.writestr(file, content)
    else:
        archive = out / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz") as packing:
            for file, content in files.items():
                member = tarfile.TarInfo(f"{name}/{file}")
                member.size = len(content)
                member.mode = RUNS if file == "confcall" else 0o644
                packing.addfile(member, io.BytesIO(content))
    checksum(archive).write_bytes(f"{digest(archive)} *{archive.name}\n".encode())


def attempt(archive):
    """Check the archive, and run its program."""
    archive = pathlib.Path(archive)
    if checksum(archive).read_text().split()[0] != digest(archive):
        sys.exit(f"{archive}: its checksum is another one")
    with tempfile.TemporaryDirectory() as folder:
        if archive.suffix == ".zip":
            zipfile.ZipFile(archive).extractall(folder)
        else:
            tarfile.open(archive).extractall(folder)
        program = next(it for it in pathlib.Path(folder).rglob("confcall*") if it.is_file())
        # `zipfile` restores no permissions.
        program.chmod(RUNS)
        subprocess.run([program, "--version"], check=True)


def checksum(archive):
    """The file with the checksum of an archive."""
    return archive.with_name(f"{archive.name}.sha256")


def digest(archive):
    return hashlib.sha256(archive.read_bytes()).hexdigest()


if __name__ == "__main__":
    if sys.argv[1] == "--try":
        [archive] = [it for it in sys.argv[2:] if not it.endswith(".sha256")]
        attempt(archive)
    else:
        make(*sys.argv[1:])
