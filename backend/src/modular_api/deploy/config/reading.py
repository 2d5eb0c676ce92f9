"""Read a deployment from YAML; every fault is told at once, with its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modular_api.deploy.config.checks import machine_faults, module_faults
from modular_api.deploy.config.errors import BadDeployment, Fault, NoDeployment
from modular_api.deploy.config.models import SKIP_PORT_FAULTS, DeploymentConfig
from modular_api.deploy.config.ports import Path as KeyPath
from modular_api.deploy.config.ports import port_faults
from modular_api.deploy.config.yaml_places import NotYaml, Places, read_yaml
from modular_api.model import AppModel

_SHOWN = 60
"""How much of a wrong value is repeated."""

_WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "is missing",
    "string_pattern_mismatch": "does not look like a name or an address",
}


def read_deployment(
    file: Path, model: AppModel | None = None, *, elsewhere: bool = False
) -> DeploymentConfig:
    """Read a configuration and check it, against the app too where `model` is given.

    Relative folders in it mean the file's own folder.

    Args:
        elsewhere: it is for another machine, which has other addresses and folders.

    Raises: NoDeployment: it cannot be read. BadDeployment: with every fault.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NoDeployment(
            f"There is no {file}; write one with `modular-api deploy init`."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NoDeployment(f"{file} cannot be read: {error}") from error
    try:
        data, places, twice = read_yaml(text)
    except NotYaml as error:
        raise BadDeployment([error.fault], file) from error
    faults = [Fault(places.line(path), _key(path), "written twice") for path in twice]
    config, wrong = _validated(data, places)
    faults += wrong
    if config is not None:
        config = _with_folders(config, file.parent)
        found = [*port_faults(config.port_uses())]
        found += module_faults(config, model) if model is not None else ()
        found += machine_faults(config) if not elsewhere else ()
        faults += [Fault(places.line(at), _key(at), what) for at, what in found]
    if faults or config is None:
        raise BadDeployment(faults, file)
    return config


def _validated(
    data: Any, places: Places
) -> tuple[DeploymentConfig | None, list[Fault]]:
    """Return the configuration that is left without its faults, and the faults.

    What is wrong is left out and the rest validated again, so that faults between
    values are found besides those of single values.
    """
    faults: list[Fault] = []
    for _ in range(3):  # the value, then its key, then the server it is required in
        try:
            config = DeploymentConfig.model_validate(
                data, context={SKIP_PORT_FAULTS: True}
            )
            return config, faults
        except ValidationError as error:
            details = [*_distinct(error.errors(include_url=False))]
            if not faults:
                faults = [_fault(detail, places) for detail in details]
            for detail in details:
                _leave_out(data, detail["loc"])
    return None, faults


def _distinct(details: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """Yield one error a place: a union tells one for each of its members."""
    seen: set[KeyPath] = set()
    for detail in details:
        path = _written(detail["loc"])
        if path not in seen:
            seen.add(path)
            yield detail


def _written(loc: KeyPath) -> KeyPath:
    """Return the place without the words pydantic adds for keys and unions."""
    return tuple(
        part
        for part in loc
        if part != "[key]" and not str(part).startswith(("literal[", "constrained-"))
        if part not in ("int", "none", "str")
    )


def _fault(detail: ErrorDetails, places: Places) -> Fault:
    path = _written(detail["loc"])
    message = _WORDS.get(detail["type"]) or detail["msg"].removeprefix("Value error, ")
    value = detail["input"]
    if detail["type"] not in ("missing", "extra_forbidden", "value_error"):
        message = f"{message}, found {_shortened(repr(value))}"
    return Fault(places.line(path), _key(path), _in_plain_words(message))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _in_plain_words(message: str) -> str:
    return message[:1].lower() + message[1:]


def _leave_out(data: Any, loc: KeyPath) -> None:
    """Remove what an error names; where it is missing, whatever lacks it."""
    path = _written(loc)
    parents = [data]
    for part in path[:-1]:
        parents.append(_item(parents[-1], part))
    for depth in reversed(range(len(path))):
        parent, part = parents[depth], path[depth]
        if isinstance(parent, dict) and part in parent:
            del parent[part]
            return
        if isinstance(parent, list) and isinstance(part, int) and part < len(parent):
            del parent[part]
            return


def _item(parent: Any, part: str | int) -> Any:
    if isinstance(parent, Mapping):
        return parent.get(part)
    if isinstance(parent, list) and isinstance(part, int) and part < len(parent):
        return parent[part]
    return None


def _key(path: KeyPath) -> str:
    return ".".join(map(str, path))


def _with_folders(config: DeploymentConfig, base: Path) -> DeploymentConfig:
    static_dir = config.nginx.static_dir
    if static_dir is None:
        return config
    nginx = config.nginx.model_copy(
        update={"static_dir": (base / static_dir).resolve()}
    )
    return config.model_copy(update={"nginx": nginx})
