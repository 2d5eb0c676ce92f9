"""One pipeline from raw to formatted source: autoflake, then isort, then black.

Its bytes equal those of the three command line tools with `--remove-all-unused-imports
--remove-unused-variables`, `--profile black` and no options. The tools are imported
when the first text is really formatted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping
from functools import cache
from importlib.metadata import version
from typing import Any

TOOLS = ("autoflake", "isort", "black")
"""Distributions whose versions affect the bytes of generated files."""


def format_source(text: str) -> str:
    """Format one file of Python source.

    Raises: SyntaxError or black's InvalidInput: the text is no Python.
    """
    import autoflake
    import black
    import isort

    config, mode = _settings()
    text = autoflake.fix_code(
        text, remove_all_unused_imports=True, remove_unused_variables=True
    )
    text = isort.code(text, config=config)
    return black.format_str(text, mode=mode)


def format_through(
    formatted_texts: MutableMapping[str, str],
    format_file: Callable[[str], str] = format_source,
) -> Callable[[str], str]:
    """Return a formatter that looks a text up before it formats it.

    Args:
        formatted_texts: by `cache_key` of the raw text; for example a FormatCache.
    """

    def format_cached(text: str) -> str:
        key = cache_key(text)
        known = formatted_texts.get(key)
        if known is None:
            known = formatted_texts[key] = format_file(text)
        return known

    return format_cached


def cache_key(text: str) -> str:
    """Return the key of a raw text; it also depends on the tools' versions."""
    return hashlib.sha256(f"{pipeline_stamp()}\0{text}".encode()).hexdigest()


@cache
def pipeline_stamp() -> str:
    """Return the tools and their versions, without importing them."""
    return " ".join(f"{tool}=={version(tool)}" for tool in TOOLS)


@cache
def _settings() -> tuple[Any, Any]:
    import black
    import isort

    # isort tells our own packages from others by the folder it runs in; without source
    # paths the bytes are the same wherever that is.
    return isort.Config(profile="black", src_paths=()), black.Mode()
