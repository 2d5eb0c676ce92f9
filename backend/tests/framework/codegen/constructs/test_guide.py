"""The example of the guide to generated clients runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

GUIDE = Path(__file__).parents[4] / "docs" / "SPECS_AND_CLIENT_GEN.md"


async def test_the_example_of_values_runs(
    client: Any, generated: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upload, headers, a stream and a union."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    example = next(block for block in blocks if "ConstructsClient" in block)
    names = {name: getattr(generated, name) for name in generated.__all__}
    exec(example, names)
    await names["use"](client)
    printed = capsys.readouterr().out.splitlines()
    assert printed == ["t 42", "0.10", "0.10", "0.10", "by cash"]
