"""Writes a deployment for what is to run it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from modular_api.deploy.export import containers, kubernetes, systemd
from modular_api.deploy.export.errors import CannotWrite
from modular_api.deploy.export.export import Export
from modular_api.deploy.export.target import Target
from modular_api.whole_files import replace_file


def write_export(export: Export, target: Target, folder: Path) -> list[Path]:
    """Write the files into a folder; return them.

    Raises: NamesClash, BadImage; NginxError: a server has no port that could be
        written down. CannotWrite.
        NginxMissing, BadNginxConfig: the gateway's file is not written.
    """
    folder = folder.absolute()
    try:
        return _write_target(export, target, folder)
    except OSError as error:
        raise CannotWrite(folder, error) from error


def _write_target(export: Export, target: Target, folder: Path) -> list[Path]:
    if target is Target.nginx:
        return containers.write_gateway(export, folder)
    if target is Target.kubernetes:
        return _write(folder, kubernetes.manifests(export))
    return [
        *systemd.write_gateway(export, folder),
        *_write(folder, systemd.units(export, folder)),
    ]


def _write(folder: Path, files: Mapping[str, str]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in files.items():
        # The variables of a server, in plain text, are nobody else's business.
        replace_file(folder / name, text.encode(), mode=0o600)
        written.append(folder / name)
    return written
