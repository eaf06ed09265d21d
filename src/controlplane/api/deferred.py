"""Routes that are imported when the first request for one of them comes."""

from __future__ import annotations

from functools import cached_property
from importlib import import_module

from fastapi import APIRouter
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class DeferredRoutes(BaseRoute):
    """All paths under one of `prefixes`, by the `router` of a module.

    The requests of applications never import it: a cold start does not pay for it.
    """

    def __init__(self, prefixes: tuple[str, ...], module: str) -> None:
        self._prefixes = prefixes
        self._module = module

    @cached_property
    def router(self) -> APIRouter:
        """The routes themselves."""
        router: APIRouter = import_module(self._module).router
        return router

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """By the prefix alone."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return (Match.FULL if path.startswith(self._prefixes) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As if the routes had been there from the start."""
        await self.router(scope, receive, send)
