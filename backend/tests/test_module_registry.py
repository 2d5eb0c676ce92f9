"""The registry: which modules there are, in which order, and everything wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modular_api import ModuleRegistry, RegistryError
from modular_api.registry.faults import (
    BadModuleName,
    DuplicateModule,
    MissingDeclaration,
    ModuleImportFailed,
    ModulesFolderMissing,
    UnknownModule,
    UsesCycle,
)
from modular_api.registry.start_order import start_order

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
