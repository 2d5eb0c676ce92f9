"""YAML as data, together with the line each part of it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modular_api.deploy.config.errors import Fault, NoDeployment
from modular_api.deploy.config.ports import Path

try:
    import yaml
except ModuleNotFoundError as error:
    raise NoDeployment(
        "A deployment is read with PyYAML, which is not installed here; "
        "pip install 'modular-api[deploy]'"
    ) from error


class NotYaml(ValueError):
    """A text is no YAML.

    Attributes:
        fault: why, and where.
    """

    def __init__(self, error: yaml.YAMLError) -> None:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        why = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        self.fault = Fault(mark.line + 1 if mark else 1, "", f"no YAML: {why}")
        super().__init__(self.fault.message)


class Places:
    """The lines of a file, by path: of a key where there is one."""

    def __init__(self) -> None:
        self._lines: dict[Path, int] = {(): 1}

    def note(self, path: Path, line: int) -> None:
        """Remember where a path begins, counted from 1; of two places the last counts."""
        self._lines[path] = line

    def line(self, path: Path) -> int:
        """Return the line of a path; of what it should stand in, where it is missing."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]


def read_yaml(text: str) -> tuple[Any, Places, list[Path]]:
    """Return the data, its lines, and which keys are written twice.

    Raises: NotYaml.
    """
    places = Places()
    try:
        loader = yaml.SafeLoader(text)
    except yaml.YAMLError as error:  # a character that no YAML has
        raise NotYaml(error) from error
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, places, []
        twice = list(_walk(node, (), places, set()))
        return loader.construct_document(node), places, twice
    except yaml.YAMLError as error:
        raise NotYaml(error) from error
    except RecursionError as error:  # a merge key that leads into itself
        deep = yaml.YAMLError("it is nested too deeply, or refers to itself")
        raise NotYaml(deep) from error
    finally:
        loader.dispose()


def _walk(
    node: yaml.Node, path: Path, places: Places, known: set[int]
) -> Iterator[Path]:
    """Note every place below a node; yield the keys that come a second time.

    Args:
        known: nodes that were walked. An alias leads to one again, even into itself;
            what stands in it has a place already.
    """
    if id(node) in known:
        return
    known.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            below = (*path, str(key.value))
            if below in seen:
                yield below
            seen.add(below)
            places.note(below, key.start_mark.line + 1)
            yield from _walk(value, below, places, known)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            places.note((*path, index), item.start_mark.line + 1)
            yield from _walk(item, (*path, index), places, known)
