"""What tests do with an AsyncAPI document: look things up, judge frames and itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

CHECK = Path(__file__).parents[3] / "scripts" / "asyncapi_check"


def resolved(document: Mapping[str, Any], node: Any) -> Any:
    """Follow a reference inside the document."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def message_of(document: Mapping[str, Any], key: str) -> Any:
    """Return the message of a document's only channel by its key."""
    (channel,) = document["channels"].values()
    return resolved(document, channel["messages"][key])


def faults_of(document: Mapping[str, Any], key: str, frame: Any) -> list[str]:
    """Judge a frame by the schema of its message; empty where it is as described."""
    schema = {
        **message_of(document, key)["payload"],
        "components": document["components"],
    }
    return [error.message for error in Draft7Validator(schema).iter_errors(frame)]


def node_is_ready() -> None:
    """Skip the test without Node.js; REQUIRE_ALL=1 makes a failure of that."""
    if shutil.which("node") is None or not (CHECK / "node_modules/.installed").exists():
        pytest.skip(f"{CHECK.name} is not installed: `make install` with Node.js")


def official_errors(folder: Path, **documents: Mapping[str, Any]) -> str:
    """Let the official parser judge documents; return what it prints, "" if all is well."""
    node_is_ready()
    files = []
    for name, document in documents.items():
        files.append(folder / f"{name}.json")
        files[-1].write_text(json.dumps(document))
    done = subprocess.run(
        ["node", str(CHECK / "check.js"), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout if done.returncode else ""
