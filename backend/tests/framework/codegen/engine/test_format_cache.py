"""The cache saves time and never anything else."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
from cheap_target import without_root

from modular_api.codegen.format_cache import FormatCache
from modular_api.codegen.formatting import format_through


def key_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


KEY = key_of("x")


@pytest.fixture
def formatter() -> tuple[Callable[[str], str], list[str]]:
    """A formatter, and what it was asked for."""
    asked: list[str] = []

    def format_text(text: str) -> str:
        asked.append(text)
        return text.upper()

    return format_text, asked


def test_a_text_is_formatted_once(
    tmp_path: Path, formatter: tuple[Callable[[str], str], list[str]]
) -> None:
    """Another process asks the folder, not the formatter."""
    format_text, asked = formatter
    for _ in range(3):
        formats = format_through(FormatCache(tmp_path / "cache"), format_text)
        assert formats("größe = 1\r\n") == "GRÖSSE = 1\r\n"
    assert asked == ["größe = 1\r\n"]


def test_a_mapping_like_any_other(tmp_path: Path) -> None:
    """What was put in is there, until it is taken out."""
    cache = FormatCache(tmp_path / "cache")
    assert len(cache) == 0
    cache[KEY] = "formatted"
    assert dict(cache) == {KEY: "formatted"}
    del cache[KEY]
    assert KEY not in cache
    with pytest.raises(KeyError):
        del cache[KEY]


@pytest.mark.parametrize(
    "damage", [b"", b"short", b"\0" * 200, sha256(b"y").digest() + b"z"]
)
def test_a_damaged_entry_counts_as_absent(tmp_path: Path, damage: bytes) -> None:
    """It is made anew, and then right."""
    cache = FormatCache(tmp_path)
    (tmp_path / KEY).write_bytes(damage)
    assert KEY not in cache
    cache[KEY] = "formatted"
    assert cache[KEY] == "formatted"


def test_a_key_cannot_leave_the_folder(tmp_path: Path) -> None:
    """Only a hash in hex names a file."""
    cache = FormatCache(tmp_path / "cache")
    with pytest.raises(KeyError):
        cache["../victim"] = "formatted"
    assert not (tmp_path / "victim").exists()


def test_the_folder_stays_below_its_size(tmp_path: Path) -> None:
    """What was not used for longest goes first."""
    cache = FormatCache(tmp_path, max_bytes=10_000)
    keys = [key_of(str(number)) for number in range(20)]
    for age, key in enumerate(keys):
        cache[key] = "x" * 1_000
        os.utime(tmp_path / key, (age, age))
    assert cache[keys[0]]  # used again
    cache.prune()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 10_000
    assert keys[0] in cache
    assert keys[1] not in cache
    assert keys[-1] in cache


def test_a_folder_that_cannot_be_written_is_no_error(public_directory: Path) -> None:
    """Reading still works; nothing is kept."""
    cache = FormatCache(public_directory)
    cache[KEY] = "formatted"
    (public_directory / KEY).chmod(0o644)
    public_directory.chmod(0o555)
    with without_root():
        cache[key_of("other")] = "formatted"
        cache.prune()
        assert cache[KEY] == "formatted"
    assert list(cache) == [KEY]


def test_many_at_once_read_whole_texts(tmp_path: Path) -> None:
    """Each write replaces the file in one step."""
    cache = FormatCache(tmp_path)
    texts = {"a" * 100_000, "b" * 100_000}

    def use(number: int) -> bool:
        cache[KEY] = ("a" if number % 2 else "b") * 100_000
        return cache[KEY] in texts

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(use, range(200)))
    assert [path.name for path in tmp_path.iterdir()] == [KEY]
