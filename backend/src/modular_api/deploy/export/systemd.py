"""A deployment as systemd units: a service for each instance, and one for nginx.

Source: systemd.service(5), systemd.exec(5), systemd.unit(5).
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from modular_api.deploy.export.export import Export
from modular_api.deploy.export.gateway import write_gateway_files
from modular_api.deploy.export.processes import Process, instances_of, processes_of
from modular_api.deploy.nginx.gate import find_nginx
from modular_api.deploy.nginx.places import GatewayPlaces
from modular_api.listening import url_for

PREFIX = "modular-api"
TARGET = f"{PREFIX}.target"
_STATE = Path("/run") / PREFIX
_LOGS = Path("/var/log") / PREFIX

_HARDENING = """\
DynamicUser=yes
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictSUIDSGID=yes
"""


def write_gateway(export: Export, folder: Path) -> list[Path]:
    """Write nginx.conf and the pages, which the unit of nginx names where they are.

    Raises: NginxMissing, BadNginxConfig; NginxError: a server has no fixed port.
    """
    places = GatewayPlaces(
        pid_file=_STATE / "nginx.pid",
        pages_dir=folder / "pages",
        temp_dir=_STATE,
        access_log=_LOGS / "nginx-access.log",
        error_log=_LOGS / "nginx-error.log",
    )
    return write_gateway_files(
        folder, export.config, export.model, export.pages, places
    )


def units(export: Export, folder: Path) -> dict[str, str]:
    """Return the text of each unit by the name of its file."""
    config = export.config
    gateway = url_for(config.nginx.host, config.nginx.port)

    def url_of(server: str) -> str:
        settings = config.servers[server]
        if settings.instances > 1:
            return gateway
        return url_for(settings.host, settings.port)

    processes = processes_of(config, export.model, export.run, url_of=url_of)
    files = {
        f"{PREFIX}-{name}.service": _service(export, process, index)
        for name, process, index in instances_of(processes)
    }
    files[f"{PREFIX}-nginx.service"] = _nginx(export, folder)
    files[TARGET] = _target(list(files))
    return files


def _service(export: Export, process: Process, index: int) -> str:
    settings = process.settings
    after = " ".join(
        f"{PREFIX}-{name}-{i}.service"
        for name in process.needs
        for i in range(export.config.servers[name].instances)
    )
    command = [sys.executable, "-m", "modular_api.cli"]
    command += process.listening(settings.host, settings.ports[index])
    variables = "".join(
        f"Environment={_word(f'{name}={value}')}\n"
        for name, value in settings.env.items()
    )
    stop_s = math.ceil(export.config.timeouts.drain_s) + 5
    return (
        "[Unit]\n"
        f"Description={', '.join(settings.modules)}, instance {index}\n"
        f"PartOf={TARGET}\n"
        f"After=network.target {after}".rstrip() + "\n\n"
        "[Service]\n"
        "Type=simple\n"
        f"WorkingDirectory={_escaped(str(export.project))}\n"
        "Environment=PYTHONDONTWRITEBYTECODE=1\n"
        f"{variables}"
        f"ExecStart={' '.join(map(_argument, command))}\n"
        "Restart=on-failure\n"
        "RestartSec=500ms\n"
        f"TimeoutStopSec={stop_s}\n"
        f"{_HARDENING}\n"
        "[Install]\n"
        f"WantedBy={TARGET}\n"
    )


def _nginx(export: Export, folder: Path) -> str:
    config = _argument(str(folder / "nginx.conf"))
    nginx = f"{find_nginx()} -e stderr -c {config}"
    url = export.config.api_base_url
    description = "The gateway of the modules" + (f" at {url}" if url else "")
    return (
        "[Unit]\n"
        f"Description={_escaped(description)}\n"
        f"PartOf={TARGET}\n"
        "After=network.target\n\n"
        "[Service]\n"
        "Type=simple\n"
        f"RuntimeDirectory={PREFIX}\n"
        f"LogsDirectory={PREFIX}\n"
        f"ExecStartPre={nginx} -t -q\n"
        f"ExecStart={nginx}\n"
        "ExecReload=/bin/kill -HUP $MAINPID\n"
        "KillSignal=SIGQUIT\n"
        "KillMode=mixed\n"
        "Restart=on-failure\n"
        "TimeoutStopSec=10\n"
        f"{_HARDENING}\n"
        "[Install]\n"
        f"WantedBy={TARGET}\n"
    )


def _target(units: list[str]) -> str:
    return (
        "[Unit]\n"
        "Description=Every process of the app\n"
        f"Wants={' '.join(units)}\n\n"
        "[Install]\n"
        "WantedBy=multi-user.target\n"
    )


def _argument(word: str) -> str:
    """Return a word of a command line, where `$` begins a variable."""
    return _word(word.replace("$", "$$"))


def _word(word: str) -> str:
    """Return a word as systemd reads it. Source: systemd.syntax(7), Quoting."""
    text = _escaped(word).replace("\\", r"\\").replace('"', r"\"")
    for character, written in {"\n": r"\n", "\r": r"\r", "\t": r"\t"}.items():
        text = text.replace(character, written)
    return f'"{text}"' if not word or set(word) & set(" \t\r\n\"'\\;") else text


def _escaped(text: str) -> str:
    """Return a text with `%` escaped, which begins a specifier in a unit."""
    return text.replace("%", "%%")
