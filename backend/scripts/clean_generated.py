"""Remove the generated specs and clients of every module in a folder.

    python scripts/clean_generated.py src/trading_api/modules

No module is imported: this also helps when one cannot be, because of what was
generated. What was written by hand stays.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modular_api.codegen.clean import clean_generated
from modular_api.codegen.job import GenerationJob
from modular_api.codegen.python_target import PythonClient
from modular_api.errors import ModularError
from modular_api.registry.discovery import find_candidates

TARGETS = [PythonClient()]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules_dir", type=Path, metavar="FOLDER")
    folder: Path = parser.parse_args().modules_dir
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}")
    try:
        for name, candidate in find_candidates([folder])[0].items():
            job = GenerationJob(name, candidate.directory, documents=())
            print(f"{name}: {len(clean_generated(job, TARGETS))} files removed")
    except ModularError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
