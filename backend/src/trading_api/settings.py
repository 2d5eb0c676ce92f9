"""Everything the trading app can be told from outside, read once."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, HttpUrl, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from modular_api import GenerationMode


class Settings(BaseSettings):
    """Read from the environment; a wrong value stops the start and lists every fault.

    Attributes:
        enabled_modules: `ENABLED_MODULES=broker,datafeed`; all modules when unset.
        peer_urls: where modules are that are not enabled here, as JSON:
            `PEER_URLS={"datafeed": "http://127.0.0.1:8001"}`.
        generation: `GENERATION=auto`, `check` or `off`: what a start does about
            generated files; when unset, `auto` in a checkout that can be written.
    """

    model_config = SettingsConfigDict(frozen=True)

    enabled_modules: Annotated[tuple[str, ...] | None, NoDecode] = None
    peer_urls: dict[str, HttpUrl] = Field(default_factory=dict)
    generation: GenerationMode | None = None

    @field_validator("enabled_modules", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(name.strip() for name in value.split(",") if name.strip())
