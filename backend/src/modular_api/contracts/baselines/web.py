"""A document at an address."""

from __future__ import annotations

import urllib.request
from http.client import HTTPException
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from modular_api.contracts.errors import NothingToCompareWith
from modular_api.errors import describe

TIMEOUT_S = 10
LARGEST_BYTES = 64 * 1024 * 1024

_SCHEMES = ("http", "https")


def fetch(address: str) -> bytes:
    """Return what a web address answers.

    Raises: NothingToCompareWith: it is neither http nor https, nobody answers, or the
        answer is an error or too large.
    """
    _refuse_other_schemes(address, address)
    opener = urllib.request.build_opener(_SameSchemes(address))
    request = urllib.request.Request(address, headers={"Accept": "application/json"})
    try:
        with opener.open(request, timeout=TIMEOUT_S) as answer:
            content: bytes = answer.read(LARGEST_BYTES + 1)
            missing = answer.length
    except URLError as error:  # HTTPError, too
        if isinstance(error, HTTPError):
            error.close()  # it is an answer, too
            raise NothingToCompareWith(address, str(error)) from error
        raise NothingToCompareWith(address, str(error.reason)) from error
    except (OSError, ValueError, HTTPException) as error:
        raise NothingToCompareWith(address, describe(error)) from error
    if len(content) > LARGEST_BYTES:
        raise NothingToCompareWith(address, f"it is over {LARGEST_BYTES:,} bytes long")
    if missing:
        raise NothingToCompareWith(address, f"the last {missing:,} bytes are missing")
    return content


class _SameSchemes(urllib.request.HTTPRedirectHandler):
    """Follows redirections, but not to ftp, as the standard library would."""

    def __init__(self, address: str) -> None:
        self._address = address

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        try:
            _refuse_other_schemes(newurl, self._address)
        except NothingToCompareWith:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _refuse_other_schemes(address: str, against: str) -> None:
    try:
        scheme = urlsplit(address).scheme
    except ValueError as error:
        raise NothingToCompareWith(against, str(error)) from error
    if scheme not in _SCHEMES:
        why = f"its scheme is '{scheme}', expected http or https"
        raise NothingToCompareWith(against, why)
