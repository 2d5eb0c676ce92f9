"""The registry: which modules there are, in which order, and everything wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from modular_api import AppFactory, ConfigurationError, ModuleRegistry, RegistryError
from modular_api.registry.faults import (
    BadModuleName,
    DuplicateModule,
    MissingDeclaration,
    ModuleFromElsewhere,
    ModuleImportFailed,
    ModuleNotBindable,
    ModulesFolderMissing,
    UnknownModule,
    UnreadableFolder,
    UsesCycle,
)
from modular_api.registry.missing_clients import forget
from modular_api.registry.start_order import find_cycles, start_order

EMPTY = "from modular_api import Module\nmodule = Module()\n"


def write(folder: Path, name: str, source: str = EMPTY, doc: str = "") -> Path:
    """Write one module folder."""
    package = folder / name
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(f'"""{doc}"""\n')
    (package / "module.py").write_text(source)
    return package


def using(*names: str) -> str:
    """Return the source of a module that uses others."""
    return f"from modular_api import Module\nmodule = Module(uses={list(names)!r})\n"


PATHLESS = """
from fastapi import APIRouter
from modular_api import Module

router = APIRouter()

@router.get("")
def read() -> int:
    return 1

module = Module(routers={"v1": router})
"""


@contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Take all rights on a folder away, and be an ordinary user: root has them all."""
    user = os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder whose parents anybody may enter, unlike those of `tmp_path`."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder).resolve()


@pytest.fixture
def own_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let what a test puts on the search path and imports end with the test."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    forget("modules")


def faults_of(
    registry: ModuleRegistry, enabled: list[str] | None = None
) -> list[tuple[type, str]]:
    """Load, expect RegistryError, and return the faults as (type, text)."""
    with pytest.raises(RegistryError) as caught:
        registry.load(enabled)
    return [(type(fault), str(fault)) for fault in caught.value.faults]


class TestDiscovery:
    def test_every_package_is_a_module_named_after_its_folder(
        self, tmp_path: Path
    ) -> None:
        """Names are the folders', sorted; descriptions the docstrings."""
        write(tmp_path, "quotes", doc="Live quotes.")
        write(tmp_path, "order_book")
        loaded = ModuleRegistry(tmp_path).load()
        assert [module.name for module in loaded] == ["order_book", "quotes"]
        assert loaded[1].description == "Live quotes."
        assert loaded[1].directory == tmp_path / "quotes"

    def test_names_are_known_without_an_import(self, tmp_path: Path) -> None:
        """Listing the names runs no module's code."""
        write(tmp_path, "broken", "raise RuntimeError('imported')")
        assert ModuleRegistry(tmp_path).names() == ["broken"]

    def test_leftovers_and_hidden_folders_are_no_modules(self, tmp_path: Path) -> None:
        """A bare __pycache__, a plain folder, `_private` and files are passed over."""
        (tmp_path / "gone" / "__pycache__").mkdir(parents=True)
        (tmp_path / "notes").mkdir()
        write(tmp_path, "_private")
        write(tmp_path, ".hidden")
        (tmp_path / "file.py").write_text("")
        assert ModuleRegistry(tmp_path).names() == []

    def test_a_package_name_stands_for_its_folder(self) -> None:
        """An importable package keeps its real name, so classes exist once."""
        registry = ModuleRegistry("trading_api.modules")
        assert "broker" in registry.names()
        registry.load(["datafeed"])
        assert "trading_api.modules.datafeed.module" in sys.modules

    def test_a_missing_folder_is_a_fault(self, tmp_path: Path) -> None:
        """The fault says where it looked."""
        gone = tmp_path / "gone"
        [(kind, text)] = faults_of(ModuleRegistry(gone))
        assert kind is ModulesFolderMissing
        assert str(gone) in text

    def test_an_unknown_package_is_a_fault(self) -> None:
        """A dotted name that cannot be imported is told, not raised as ImportError."""
        [(kind, text)] = faults_of(ModuleRegistry("no_such_package.modules"))
        assert kind is ModulesFolderMissing
        assert "no_such_package" in text

    def test_an_unreadable_folder_is_a_fault(self, open_folder: Path) -> None:
        """The folder is named, be it the one of all modules or that of one."""
        write(open_folder / "one", "quotes")
        closed = write(open_folder / "two", "broker")
        write(open_folder / "two", "Bad")
        registry = ModuleRegistry([open_folder / "one", open_folder / "two"])
        with unreadable(open_folder / "one"):
            faults = faults_of(registry, [])
        assert [kind for kind, _ in faults] == [UnreadableFolder, BadModuleName]
        assert str(open_folder / "one") in faults[0][1]
        with unreadable(closed):
            faults = faults_of(registry, [])
        assert [kind for kind, _ in faults] == [UnreadableFolder, BadModuleName]
        assert str(closed) in faults[0][1]

    def test_a_folder_below_an_unreadable_one_is_a_fault(
        self, open_folder: Path
    ) -> None:
        """Whether it exists cannot even be told."""
        write(open_folder / "closed" / "modules", "quotes")
        folder = open_folder / "closed" / "modules"
        with unreadable(open_folder / "closed"):
            [(kind, text)] = faults_of(ModuleRegistry(folder))
        assert kind is UnreadableFolder
        assert str(folder) in text


class TestEnabling:
    def test_a_module_that_is_not_enabled_is_not_imported(self, tmp_path: Path) -> None:
        """Only what was asked for is imported."""
        write(tmp_path, "wanted")
        write(tmp_path, "unwanted", "raise RuntimeError('imported')")
        ModuleRegistry(tmp_path).load(["wanted"])
        imported = [name for name in sys.modules if name.endswith(".unwanted.module")]
        assert imported == []

    def test_none_enabled_loads_none(self, tmp_path: Path) -> None:
        """An empty list means no module at all."""
        write(tmp_path, "quotes")
        assert ModuleRegistry(tmp_path).load([]) == []

    def test_exactly_the_named_modules_are_loaded(self, tmp_path: Path) -> None:
        """`uses` alone enables nothing."""
        write(tmp_path, "broker", using("quotes"))
        write(tmp_path, "quotes")
        loaded = ModuleRegistry(tmp_path).load(["broker"])
        assert [module.name for module in loaded] == ["broker"]

    def test_include_uses_takes_along_all_that_is_used(self, tmp_path: Path) -> None:
        """The option follows `uses` to the end."""
        write(tmp_path, "web", using("broker"))
        write(tmp_path, "broker", using("quotes"))
        write(tmp_path, "quotes")
        write(tmp_path, "other")
        loaded = ModuleRegistry(tmp_path).load(["web"], include_uses=True)
        assert [module.name for module in loaded] == ["quotes", "broker", "web"]

    @pytest.mark.parametrize("names", ["quotes broker", "quotes,broker", "quotes"])
    def test_a_string_is_no_list_of_names(self, tmp_path: Path, names: str) -> None:
        """It is refused and not read letter by letter."""
        write(tmp_path, "quotes")
        expected = f"is the string '{names}', expected a list of names; pass ['quotes'"
        with pytest.raises(ConfigurationError) as caught:
            ModuleRegistry(tmp_path).load(names)
        assert expected in str(caught.value)
        with pytest.raises(ConfigurationError) as caught:
            AppFactory(tmp_path, generation="off").create_app(names)
        assert expected in str(caught.value)


class TestStartOrder:
    def test_the_used_starts_before_its_users(self) -> None:
        """Topological order, and by name where there is no other reason."""
        uses = {"a": ["z"], "b": [], "c": ["a", "b"], "z": []}
        assert start_order(uses) == ["b", "z", "a", "c"]

    def test_a_missing_peer_does_not_matter(self) -> None:
        """A peer that is not here is an error of the call, not of the start."""
        assert start_order({"a": ["elsewhere"]}) == ["a"]

    def test_a_circle_is_told_with_its_path(self) -> None:
        """The path runs from user to used and ends where it began."""
        with pytest.raises(UsesCycle) as caught:
            start_order({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]})
        assert caught.value.path == ("a", "b", "c", "a")

    def test_every_circle_is_found(self) -> None:
        """Circles that share no module are all told, and nothing but circles."""
        uses = {
            "a": ["b"],
            "b": ["a", "c"],
            "c": ["d"],
            "d": ["c"],
            "e": ["e"],
            "f": ["e", "a"],
        }
        paths = [cycle.path for cycle in find_cycles(uses)]
        assert paths == [("a", "b", "a"), ("c", "d", "c"), ("e", "e")]
        assert find_cycles({"a": ["b"], "b": []}) == []


class TestFaults:
    def test_unknown_enabled_name(self, tmp_path: Path) -> None:
        """The fault lists the names there are."""
        write(tmp_path, "quotes")
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path), ["quote"])
        assert kind is UnknownModule
        assert "'quote'" in text and "enabled_module_names" in text
        assert "quotes" in text

    def test_unknown_name_in_uses(self, tmp_path: Path) -> None:
        """The fault names the module whose `uses` is wrong."""
        write(tmp_path, "broker", using("quotez"))
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is UnknownModule
        assert "'quotez'" in text and "`uses` of module 'broker'" in text

    @pytest.mark.parametrize(
        "name", ["Broker", "2fast", "order-book", "class", "match", "docs", "é"]
    )
    def test_bad_identifier(self, tmp_path: Path, name: str) -> None:
        """A name that cannot stand in a path and an import is refused."""
        write(tmp_path, name)
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is BadModuleName
        assert f"'{name}'" in text

    def test_duplicate_name(self, tmp_path: Path) -> None:
        """Both folders are named."""
        first = write(tmp_path / "one", "quotes")
        second = write(tmp_path / "two", "quotes")
        registry = ModuleRegistry([tmp_path / "one", tmp_path / "two"])
        [(kind, text)] = faults_of(registry)
        assert kind is DuplicateModule
        assert str(first) in text and str(second) in text

    def test_package_without_module_py(self, tmp_path: Path) -> None:
        """A package that declares nothing is told what to write."""
        (write(tmp_path, "quotes") / "module.py").unlink()
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is MissingDeclaration
        assert "there is no module.py" in text

    @pytest.mark.parametrize("source", ["", "module = 3\n"])
    def test_module_py_without_a_declaration(self, tmp_path: Path, source: str) -> None:
        """The name `module` has to be a Module."""
        write(tmp_path, "quotes", source)
        [(kind, _)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is MissingDeclaration

    def test_import_error_names_file_and_line(self, tmp_path: Path) -> None:
        """The place is the module's own line, not the import machinery's."""
        package = write(tmp_path, "quotes", "import os\nimport no_such_thing\n")
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is ModuleImportFailed
        assert f"{package / 'module.py'}:2" in text
        assert "no_such_thing" in text

    def test_syntax_error_names_file_and_line(self, tmp_path: Path) -> None:
        """A SyntaxError has no frame in the module; its own place is told."""
        package = write(tmp_path, "quotes", "x = 1\ndef broken(:\n")
        [(_, text)] = faults_of(ModuleRegistry(tmp_path))
        assert f"{package / 'module.py'}:2" in text

    def test_a_contradictory_declaration_is_an_import_fault(
        self, tmp_path: Path
    ) -> None:
        """A Module that refuses its arguments is reported with all reasons."""
        source = (
            "from modular_api import Module\n"
            "module = Module(routers={'1': 2}, uses='quotes')\n"
        )
        write(tmp_path, "quotes", source)
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is ModuleImportFailed
        assert "'1'" in text and "APIRouter" in text and "uses is the string" in text

    def test_circle(self, tmp_path: Path) -> None:
        """A circle is found while loading."""
        write(tmp_path, "a", using("b"))
        write(tmp_path, "b", using("a"))
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path))
        assert kind is UsesCycle
        assert "a → b → a" in text

    def test_every_circle_is_told(self, tmp_path: Path) -> None:
        """Three circles are three faults."""
        for name, used in {"a": "b", "b": "a", "c": "d", "d": "c", "e": "e"}.items():
            write(tmp_path, name, using(used))
        texts = [text for _, text in faults_of(ModuleRegistry(tmp_path))]
        assert len(texts) == 3
        for circle, text in zip(
            ("a → b → a", "c → d → c", "e → e"), texts, strict=True
        ):
            assert circle in text

    @pytest.mark.parametrize(
        "source", ["import sys\nsys.exit(3)\n", "x = 1\nraise GeneratorExit('x')\n"]
    )
    def test_a_module_cannot_end_the_process(self, tmp_path: Path, source: str) -> None:
        """What is no Exception is reported too, from either file."""
        package = write(tmp_path, "quotes", source)
        (write(tmp_path, "broker") / "__init__.py").write_text(source)
        faults = faults_of(ModuleRegistry(tmp_path))
        assert [kind for kind, _ in faults] == [ModuleImportFailed] * 2
        assert f"{package / 'module.py'}:2" in faults[1][1]

    def test_ctrl_c_is_no_fault(self, tmp_path: Path) -> None:
        """Who interrupts an import wants the process to end."""
        write(tmp_path, "quotes", "raise KeyboardInterrupt")
        with pytest.raises(KeyboardInterrupt):
            ModuleRegistry(tmp_path).load()

    def test_modules_that_cannot_be_bound(self, tmp_path: Path) -> None:
        """FastAPI's refusal of a route is told with the module's name, for each."""
        write(tmp_path, "broker", PATHLESS)
        write(tmp_path, "fine")
        write(tmp_path, "quotes", PATHLESS)
        with pytest.raises(RegistryError) as caught:
            AppFactory(tmp_path, generation="off").create_app()
        faults = caught.value.faults
        assert [type(fault) for fault in faults] == [ModuleNotBindable] * 2
        for name, fault in zip(("broker", "quotes"), faults, strict=True):
            assert f"Module '{name}' in {tmp_path / name}" in str(fault)
            assert "FastAPIError: Prefix and path cannot be both empty" in str(fault)

    def test_every_fault_is_listed_at_once(self, tmp_path: Path) -> None:
        """One error lists all, so that they can be mended in one go."""
        write(tmp_path, "Bad")
        write(tmp_path, "a", using("b"))
        write(tmp_path, "b", using("a", "nowhere"))
        write(tmp_path, "broken", "1 / 0")
        (write(tmp_path, "empty") / "module.py").unlink()
        enabled = ["a", "b", "broken", "empty", "missing"]
        kinds = {kind for kind, _ in faults_of(ModuleRegistry(tmp_path), enabled)}
        assert kinds == {
            BadModuleName,
            MissingDeclaration,
            ModuleImportFailed,
            UnknownModule,
            UsesCycle,
        }


class TestImports:
    def test_modules_of_any_folder_import_relatively(self, tmp_path: Path) -> None:
        """A folder that no path leads to still has packages that work."""
        package = write(
            tmp_path, "quotes", "from .prices import PRICE\n" + EMPTY + "assert PRICE\n"
        )
        (package / "prices.py").write_text("PRICE = 3\n")
        [module] = ModuleRegistry(tmp_path).load()
        assert module.name == "quotes"

    def test_two_folders_do_not_share_classes(self, tmp_path: Path) -> None:
        """Modules of one name in two apps' folders are two modules."""
        write(tmp_path / "one", "quotes", doc="First.")
        write(tmp_path / "two", "quotes", doc="Second.")
        [first] = ModuleRegistry(tmp_path / "one").load()
        [second] = ModuleRegistry(tmp_path / "two").load()
        assert (first.description, second.description) == ("First.", "Second.")

    @pytest.mark.usefixtures("own_imports")
    def test_folders_that_share_an_importable_name(self, tmp_path: Path) -> None:
        """The first on the path keeps it, and each gets its own code."""
        outer, inner = tmp_path / "modules", tmp_path / "sub" / "modules"
        write(outer, "quotes", doc="Outer.")
        write(inner, "quotes", doc="Inner.")
        sys.path[:0] = [str(outer.parent), str(inner.parent)]
        [second] = ModuleRegistry(inner).load()
        [first] = ModuleRegistry(outer).load()
        assert (first.description, second.description) == ("Outer.", "Inner.")
        assert "modules.quotes.module" in sys.modules

    @pytest.mark.usefixtures("own_imports")
    @pytest.mark.parametrize("later_first", [False, True])
    @pytest.mark.parametrize("regular", [False, True])
    def test_two_apps_whose_folders_share_an_importable_name(
        self, tmp_path: Path, later_first: bool, regular: bool
    ) -> None:
        """Each loads its own code, in what order ever the path got their parents."""
        folders = [tmp_path / "x" / "modules", tmp_path / "y" / "modules"]
        for folder in folders:
            write(folder, "quotes", doc=f"Of {folder.parent.name}.")
            source = "from ..quotes import __doc__ as peer\n" + EMPTY
            write(
                folder, "broker", source + f"assert peer == 'Of {folder.parent.name}.'"
            )
            if regular:
                (folder / "__init__.py").write_text("")
        sys.path.insert(0, str(folders[0].parent))
        if not later_first:
            sys.path.insert(1, str(folders[1].parent))
        ModuleRegistry(folders[0]).load(["quotes"])
        if later_first:
            sys.path.insert(0, str(folders[1].parent))
        for folder in reversed(folders):
            broker, quotes = ModuleRegistry(folder).load()
            assert quotes.description == f"Of {folder.parent.name}."
            assert broker.directory == folder / "broker"

    @pytest.mark.usefixtures("own_imports")
    def test_a_package_elsewhere_does_not_hide_a_bare_folder(
        self, tmp_path: Path
    ) -> None:
        """Python prefers a package to a folder without `__init__.py`; we do not."""
        own, other = tmp_path / "x" / "modules", tmp_path / "y" / "modules"
        (write(own, "quotes") / "__init__.py").unlink()
        write(other, "quotes", "raise RuntimeError('the code of another folder')")
        sys.path[:0] = [str(own.parent), str(other.parent)]
        [module] = ModuleRegistry(own).load()
        assert module.directory == own / "quotes"

    def test_code_from_elsewhere_is_refused(self, tmp_path: Path) -> None:
        """A package that leads its own imports away is not taken for the module."""
        other = write(tmp_path / "other", "quotes")
        package = write(tmp_path / "modules", "quotes")
        (package / "__init__.py").write_text(f"__path__ = [{str(other)!r}]\n")
        [(kind, text)] = faults_of(ModuleRegistry(tmp_path / "modules"))
        assert kind is ModuleFromElsewhere
        assert str(package) in text and str(other / "module.py") in text

    @pytest.mark.usefixtures("own_imports")
    def test_a_linked_module_keeps_its_importable_name(self, tmp_path: Path) -> None:
        """Where a link leads is no folder of somebody else."""
        real = write(tmp_path / "real", "quotes")
        folder = tmp_path / "proj" / "modules"
        folder.mkdir(parents=True)
        (folder / "quotes").symlink_to(real)
        sys.path.insert(0, str(folder.parent))
        for _ in range(2):
            [module] = ModuleRegistry(folder).load()
        assert sys.modules["modules.quotes.module"].module is module.declaration
