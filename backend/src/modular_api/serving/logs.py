"""The log of a served app: one format, and the request's id on every line it has."""

from __future__ import annotations

import logging
import logging.config

from modular_api.clients.context import request_id

FORMAT = "%(asctime)s %(levelname)-7s %(name)s%(request)s: %(message)s"


def configure_logging(level: str) -> None:
    """Send the log of the whole process to stderr.

    Only a command does this, in a process of its own; libraries only log.
    """
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "filters": {"request": {"()": RequestIdFilter}},
            "formatters": {"line": {"format": FORMAT}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "filters": ["request"],
                    "formatter": "line",
                }
            },
            "root": {"handlers": ["stderr"], "level": level.upper()},
        }
    )


class RequestIdFilter(logging.Filter):
    """Gives every record `request`: ` [id]` while a request is answered, else nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        current = request_id.get()
        record.request = f" [{current}]" if current else ""
        return True
