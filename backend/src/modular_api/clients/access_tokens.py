"""Access tokens: fetched when they are needed, kept until they expire."""

from __future__ import annotations

import asyncio
import inspect
import math
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from modular_api.clients.errors import TokenNotFetched
from modular_api.clients.loop_thread import LoopThread

T = TypeVar("T")

_RENEW_BEFORE_S = 30.0
"""A token is renewed so long before its end, or a tenth of its life if that is less."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, and how long it lives; None where nobody knows."""

    token: str = field(repr=False)
    expires_in_s: float | None = None


FetchToken: TypeAlias = Callable[[], AccessToken | str | Awaitable[AccessToken | str]]
"""Gets a new access token, by refreshing the old one or by logging in again."""


async def fetched(fetch: FetchToken) -> str:
    """Return a new token. Raises: TokenNotFetched, whatever `fetch` raises."""
    try:
        token = fetch()
        if inspect.isawaitable(token):
            token = await token
        if isinstance(token, AccessToken):
            token = token.token
        if not isinstance(token, str):
            raise TypeError(f"a token is a str, not {type(token).__name__}")
    except TokenNotFetched:
        raise  # of a TokenKeeper
    except Exception as error:
        raise TokenNotFetched(error) from error
    return token


class TokenKeeper:
    """Keeps the token of one login. Calls of all threads and loops share one fetch.

    Args:
        token: one that is known already.
        fetch: gets one; None keeps the one there is for ever.
    """

    def __init__(self, token: str | None, fetch: FetchToken | None) -> None:
        self._fetch = fetch
        self._lock = threading.Lock()
        self._token = token
        self._renew_at = math.inf
        # Its result is what went wrong, or None.
        self._fetching: Future[TokenNotFetched | None] | None = None

    @property
    def can_fetch(self) -> bool:
        """Whether another token can take the place of one that was refused."""
        return self._fetch is not None

    def forget(self, token: str) -> None:
        """Fetch another one next time, unless it is another one already."""
        with self._lock:
            if self._token == token:
                self._token = None

    async def get(self) -> str:
        """Return a token that has not expired. Raises: TokenNotFetched."""
        while (token := self._fresh()) is None:
            fetching, ours = self._begin()
            if ours:
                with self._ending(fetching):
                    fetched = self._ask()
                    if inspect.isawaitable(fetched):
                        fetched = await fetched
                    self._keep(fetched)
            else:
                # Not awaited itself: a caller that gives up must not cancel it for all.
                await asyncio.wait([asyncio.wrap_future(fetching)])
                _raise(fetching.result())
        return token

    def get_sync(self) -> str:
        """Do the same for plain code."""
        while (token := self._fresh()) is None:
            fetching, ours = self._begin()
            if ours:
                with self._ending(fetching):
                    fetched = self._ask()
                    if inspect.isawaitable(fetched):
                        fetched = _run(fetched)
                    self._keep(fetched)
            else:
                _raise(fetching.result())
        return token

    def _fresh(self) -> str | None:
        with self._lock:
            if self._fetch is not None and time.monotonic() >= self._renew_at:
                self._token = None
            return self._token

    def _begin(self) -> tuple[Future[TokenNotFetched | None], bool]:
        """Return the fetch that runs, and whether it is this caller's to run."""
        with self._lock:
            if self._fetching is not None:
                return self._fetching, False
            self._fetching = Future()
            return self._fetching, True

    def _ask(self) -> AccessToken | str | Awaitable[AccessToken | str]:
        assert self._fetch is not None, "a token is only forgotten if another can come"
        return self._fetch()

    def _keep(self, fetched: AccessToken | str) -> None:
        if isinstance(fetched, str):
            fetched = AccessToken(fetched)
        life_s = fetched.expires_in_s
        with self._lock:
            self._token = fetched.token
            # A call that leaves now must arrive before the token expires.
            self._renew_at = (
                math.inf
                if life_s is None
                else time.monotonic() + life_s - min(life_s * 0.1, _RENEW_BEFORE_S)
            )

    @contextmanager
    def _ending(self, fetching: Future[TokenNotFetched | None]) -> Iterator[None]:
        """Tell the waiting callers how the fetch ended.

        If it was cancelled, one of them fetches again.
        """
        failure: TokenNotFetched | None = None
        try:
            yield
        except Exception as error:
            failure = TokenNotFetched(error)
            raise failure from error
        finally:
            with self._lock:
                self._fetching = None
            fetching.set_result(failure)


def _raise(failure: TokenNotFetched | None) -> None:
    if failure is not None:
        raise TokenNotFetched(failure.reason) from failure.reason


def _run(awaitable: Awaitable[T]) -> T:
    """Run a coroutine for plain code, whose thread may have a loop of its own."""

    async def run() -> T:
        return await awaitable

    thread = LoopThread()
    try:
        return thread.run(run())
    finally:
        thread.close()
