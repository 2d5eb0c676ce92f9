"""The documents as they were committed, without touching the working tree."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from modular_api.codegen.job import SPECS_FOLDER
from modular_api.contracts.documents import Baseline
from modular_api.contracts.errors import NothingToCompareWith
from modular_api.contracts.names import ContractName, name_of_path, promised_name

_TIMEOUT_S = 60


def read_git_ref(ref: str, *, promise: Path, modules: Iterable[Path]) -> Baseline:
    """Return what the code said in a commit: the modules' committed specifications.

    Of contracts without one, what was promised then.

    Args:
        ref: whatever git takes for a commit: `main`, `v1.2.0`, `HEAD~3`.
        promise: folder of the promise.
        modules: folders whose folders are modules.

    Raises: NothingToCompareWith: no git, no repository, no such ref, no documents.
    """
    tree = _Tree(ref, _nearest_folder(promise))
    found: dict[ContractName, PurePosixPath] = {}
    for path in tree.files_below(promise):
        name = promised_name(path.name)
        if name is not None:
            found[name] = path
    for folder in sorted(set(modules)):
        for path in tree.files_below(folder):
            name = name_of_path(path.parts)
            if path.parent.name == SPECS_FOLDER and name is not None:
                found[name] = path
    if not found:
        why = f"the commit holds no {SPECS_FOLDER} of a module and no promise"
        raise NothingToCompareWith(ref, why)
    return Baseline(ref, {name: tree.content(path) for name, path in found.items()})


class _Tree:
    """The files of one commit of the repository a folder lies in."""

    def __init__(self, ref: str, folder: Path) -> None:
        self._ref = ref
        self._folder = folder
        # Both from git: the folder's own path may lead through symbolic links.
        self._root = Path(self._text("rev-parse", "--show-toplevel"))
        self._commit = self._text(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"
        )
        if not self._commit.isalnum():  # `^main` is an instruction, no commit
            raise NothingToCompareWith(ref, self._refusal(b""))

    def files_below(self, folder: Path) -> Iterator[PurePosixPath]:
        """Yield the committed files below a folder, by their path in the repository."""
        try:
            inside = folder.resolve().relative_to(self._root.resolve()).as_posix()
        except ValueError:  # not in this repository
            return
        only = [] if inside == "." else ["--", inside]
        listing = ("ls-tree", "-r", "-z", "--name-only", "--full-tree")
        names = self._git(*listing, self._commit, *only)
        for name in names.split(b"\0"):
            if name:
                yield PurePosixPath(name.decode("utf-8", "surrogateescape"))

    def content(self, path: PurePosixPath) -> bytes:
        """Return a committed file."""
        return self._git("show", f"{self._commit}:{path}")

    def _text(self, *arguments: str) -> str:
        return self._git(*arguments).decode("utf-8", "surrogateescape").strip("\n")

    def _git(self, *arguments: str) -> bytes:
        try:
            done = subprocess.run(
                ["git", "-C", str(self._folder), *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
            )
        except FileNotFoundError as error:
            raise NothingToCompareWith(self._ref, "git is not installed") from error
        except subprocess.TimeoutExpired as error:
            why = f"git did not answer within {_TIMEOUT_S} s"
            raise NothingToCompareWith(self._ref, why) from error
        if done.returncode:
            raise NothingToCompareWith(self._ref, self._refusal(done.stderr))
        return done.stdout

    def _refusal(self, said: bytes) -> str:
        words = said.decode("utf-8", "replace").strip().removeprefix("fatal: ")
        return words or (
            f"it is no file or folder, and no commit of the repository in {self._folder}"
        )


def _nearest_folder(path: Path) -> Path:
    """Return the folder, or the first above it that exists; git must start somewhere."""
    return next(each for each in (path, *path.parents) if each.is_dir())
