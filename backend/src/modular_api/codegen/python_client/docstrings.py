"""Texts of a document as docstrings of generated code."""

from __future__ import annotations

import re
import textwrap


def for_docstring(text: str, width: int = 80) -> str:
    """Wrap a text so that nothing in it can end the docstring or escape from it."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    filled = "\n\n".join(_fill(paragraph, width) for paragraph in paragraphs)
    escaped = filled.replace("\\", "\\\\")
    if '"""' in escaped or escaped.endswith('"'):
        escaped = escaped.replace('"', '\\"')
    # Black puts a space between the quotes and a text that begins with one.
    return f" {escaped}" if escaped.startswith('"') else escaped


def _fill(paragraph: str, width: int) -> str:
    return textwrap.fill(
        " ".join(paragraph.split()),
        width,
        break_long_words=False,
        break_on_hyphens=False,
    )
