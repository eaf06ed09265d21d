"""AWS's credentials, without a wait on the event loop.

Those of the environment are there at once: a function has no others. Everything else (a profile, a
container's or a machine's role) is found in a thread, once and when it is to be renewed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from botocore.credentials import (
    Credentials,
    EnvProvider,
    ReadOnlyCredentials,
    RefreshableCredentials,
)

# Until then the old ones serve while the new ones are fetched.
LAST_SECONDS = 60


class CurrentCredentials:
    """The credentials of this process. `find` finds those that are not in the environment; it may
    block, and raises botocore's errors."""

    def __init__(self, find: Callable[[], Credentials]) -> None:
        self._find = find
        self._credentials: Credentials | None = EnvProvider().load()
        self._frozen: ReadOnlyCredentials | None = None
        self._fetching: Future[None] | None = None

    async def get(self) -> ReadOnlyCredentials:
        """Credentials that are valid now. Raises botocore's errors."""
        if self._frozen is None or self._is_due(None):
            if self._fetching is None or self._fetching.done():
                self._fetching = self._fetch()
            if self._frozen is None or self._is_due(LAST_SECONDS):
                await asyncio.shield(asyncio.wrap_future(self._fetching))
        assert self._frozen is not None
        return self._frozen

    def _is_due(self, seconds: int | None) -> bool:
        credentials = self._credentials
        return isinstance(credentials, RefreshableCredentials) and bool(
            credentials.refresh_needed(seconds)
        )

    def _fetch(self) -> Future[None]:
        if self._credentials is not None and not self._is_due(None):
            self._take()
            done: Future[None] = Future()
            done.set_result(None)
            return done
        executor = ThreadPoolExecutor(1, thread_name_prefix="aws-credentials")
        fetching = executor.submit(self._take)
        executor.shutdown(wait=False)
        return fetching

    def _take(self) -> None:
        if self._credentials is None:
            self._credentials = self._find()
        self._frozen = self._credentials.get_frozen_credentials()
