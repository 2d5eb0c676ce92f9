"""What the bodies of all answers have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Answer(BaseModel):
    """A body the server sends: never changed once made.

    Fields with a default are still always sent, so clients see them as required.
    """

    model_config = ConfigDict(
        frozen=True, json_schema_serialization_defaults_required=True
    )
