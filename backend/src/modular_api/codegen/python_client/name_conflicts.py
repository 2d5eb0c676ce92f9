"""Fields and parameters whose names would be the same Python name.

The generator gives up on some of them. While `distinct_names` is entered, such fields
keep the spelling of the document; fields and parameters that still share a name are
numbered.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from typing import Any

from openapi_python_client.config import Config
from openapi_python_client.parser import openapi
from openapi_python_client.parser.errors import ParseError, PropertyError
from openapi_python_client.parser.properties import model_property
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from modular_api.codegen.python_client.property_types import FieldError
from modular_api.codegen.python_client.replacing import replaced


@contextmanager
def distinct_names() -> Iterator[None]:
    """Make the parser give each field and parameter its own Python name."""
    conflicts = "_check_parameters_for_conflicts"
    with (
        replaced(model_property, "_resolve_naming_conflict", _keep_spelling),
        replaced(model_property, "_process_properties", _number_fields),
        replaced(openapi.Endpoint, conflicts, _number_parameters),
    ):
        yield


def _keep_spelling(first: Any, second: Any, config: Config) -> PropertyError | None:
    """Give two fields of the same Python name their spelling in the document."""
    for prop in (first, second):
        prop.set_python_name(prop.name, config=config, skip_snake_case=True)
    return None


_settle_fields = model_property._process_properties


def _number_fields(*, config: Config, **given: Any) -> Any:
    """Number the fields of a model that still have the same Python name.

    Renamed fields are copies, because a field may be inherited from a base, where its
    name stays.
    """
    settled = _settle_fields(config=config, **given)
    if isinstance(settled, FieldError):
        return replace(settled, detail=f"field '{settled.field}': {settled.detail}")
    if isinstance(settled, PropertyError):
        return settled
    groups: tuple[list[Any], ...] = (settled.required_props, settled.optional_props)
    names = {prop.python_name for group in groups for prop in group}
    given_away: set[str] = set()
    for group in groups:
        for index, prop in enumerate(group):
            name = str(prop.python_name)
            if name in given_away:
                numbered = (f"{name}_{count}" for count in itertools.count(2))
                name = next(free for free in numbered if free not in names)
                names.add(name)
                prop = group[index] = copy(prop)
                prop.set_python_name(UntrustedString(name), config, True)
            given_away.add(name)
    return settled


_settle_parameters = openapi.Endpoint._check_parameters_for_conflicts


def _number_parameters(endpoint: openapi.Endpoint, **given: Any) -> openapi.Endpoint:
    """Number parameters of the same Python name if the generator cannot rename them."""
    settled = _settle_parameters(endpoint, **given)
    if not isinstance(settled, ParseError):
        return settled
    config: Config = given["config"]
    taken: set[str] = set()
    for _, parameter in endpoint.iter_all_parameters():
        name = parameter.name.get_untrusted_value()
        plain = str(PythonIdentifier(name, config.field_prefix))
        numbered = (f"{plain}_{count}" for count in itertools.count(2))
        free = next(n for n in itertools.chain([plain], numbered) if n not in taken)
        taken.add(free)
        parameter.set_python_name(UntrustedString(free), config, skip_snake_case=True)
    return endpoint
