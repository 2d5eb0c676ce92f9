"""One call from request to answer: signed, encoded, sent, and repeated where that helps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from modular_api.clients.credentials import Keyring, Signed
from modular_api.clients.errors import CallError
from modular_api.clients.retries import NEVER, Answer, Attempts, RetryPolicy
from modular_api.clients.wire import EncodedRequest, Request

A = TypeVar("A", bound=Answer)


class Exchange:
    """One call of one client.

    Args:
        encode: turns a signed request into what is sent.
        policy: None never repeats a call.

    Attributes:
        call: method and path, for messages.
        attempts: what was tried so far.
    """

    def __init__(
        self,
        call: str,
        request: Request,
        *,
        keyring: Keyring,
        encode: Callable[[Request], EncodedRequest],
        policy: RetryPolicy | None,
        timeout_s: float | None,
    ) -> None:
        self.call = call
        self._request = request.keyed()
        self._keyring = keyring
        self._encode = encode
        keyed = self._request.takes_idempotency_key
        if policy is None or not (keyed or request.is_idempotent):
            policy = NEVER
        # Such a call may only be sent twice with its idempotency key.
        self._needs_key = not request.is_idempotent
        self.attempts = Attempts(call, policy, timeout_s, keyed=keyed)
        # Most calls within a process need no credentials, and so no signing.
        self._signed = None if request.security else Signed(self._request)
        self._renewed = False

    async def run(
        self, send: Callable[[EncodedRequest, float | None], Awaitable[A]]
    ) -> A:
        """Send until an answer is the call's, and return it.

        `send` is given what is sent and how long it may take.

        Raises: CallError: of the last attempt, with the number of them.
        """
        encoded: EncodedRequest | None = None
        while True:
            if self._signed is None:
                try:
                    async with asyncio.timeout(self.attempts.left_s()):
                        self._signed = await self._keyring.sign(self._request)
                except TimeoutError as error:
                    raise self.attempts.timeout() from error
                encoded = None
            if encoded is None:
                encoded = self._encode(self._signed.request)
            try:
                answer = await send(encoded, self.attempts.begin())
            except CallError as error:
                wait_s = self.attempts.failed(error)
            else:
                repeat_after_s = self._judge(answer, self._signed)
                if repeat_after_s is None:
                    return answer
                wait_s = repeat_after_s
            await asyncio.sleep(wait_s)

    def run_sync(self, send: Callable[[EncodedRequest, float | None], A]) -> A:
        """Do the same for plain code."""
        encoded: EncodedRequest | None = None
        while True:
            if self._signed is None:
                self._signed = self._keyring.sign_sync(self._request)
                encoded = None
            if encoded is None:
                encoded = self._encode(self._signed.request)
            try:
                answer = send(encoded, self.attempts.begin())
            except CallError as error:
                wait_s = self.attempts.failed(error)
            else:
                repeat_after_s = self._judge(answer, self._signed)
                if repeat_after_s is None:
                    return answer
                wait_s = repeat_after_s
            time.sleep(wait_s)

    def _judge(self, answer: Answer, signed: Signed) -> float | None:
        """Return when to send again, in seconds; None takes the answer."""
        if answer.status_code == 401 and not self._renewed and signed.forget_tokens():
            # This attempt was refused before it did anything. If an earlier attempt
            # acted and its answer was lost, the idempotency key cannot show it: with a
            # new token the server sees a different caller.
            if self._needs_key:
                self.attempts.check_none_lost()
            self._renewed = True
            self._signed = None
            return 0.0
        return self.attempts.answered(answer)
