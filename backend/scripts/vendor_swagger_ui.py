"""Copy one release of Swagger UI from npm into the framework's package data.

    python scripts/vendor_swagger_ui.py 5.35.0

npm checks the download against the registry's hash. Only what the docs page loads and
what its licences ask for is kept.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

TARGET = (
    Path(__file__).resolve().parent.parent
    / "src"
    / "modular_api"
    / "static"
    / "swagger_ui"
)
KEPT = (
    "LICENSE",
    "NOTICE",
    "favicon-32x32.png",
    "swagger-ui-bundle.js",
    "swagger-ui-bundle.js.LICENSE.txt",
    "swagger-ui.css",
)
README = """\
# Swagger UI {version}

Files of the npm package `swagger-ui-dist` {version}, unchanged, under the Apache License 2.0 (`LICENSE`, `NOTICE`).
The libraries inside the bundle and their licences are listed in `swagger-ui-bundle.js.LICENSE.txt`.
Never edited by hand: `python scripts/vendor_swagger_ui.py VERSION` replaces everything here.
"""


def vendor(version: str, target: Path) -> None:
    """Replace the target folder by the kept files of this release."""
    with tempfile.TemporaryDirectory() as scratch:
        package = f"swagger-ui-dist@{version}"
        subprocess.run(
            ["npm", "pack", "--silent", "--pack-destination", scratch, package],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(scratch).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for name in KEPT:
            shutil.copyfile(Path(scratch, "package", name), target / name)
    (target / "VERSION").write_text(f"{version}\n")
    (target / "README.md").write_text(README.format(version=version))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", metavar="VERSION")
    version: str = parser.parse_args().version
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        parser.error(f"{version!r} is not a release number like 5.35.0")
    vendor(version, TARGET)


if __name__ == "__main__":
    main()
