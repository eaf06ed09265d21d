"""The admin API over HTTP. Only this module imports the HTTP client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from controlplane.cli.errors import CommandError, NotTheGateway, Unanswered
from controlplane.cli.terminal import shown

TIMEOUT_SECONDS = 60.0
# A migration takes as long as the function may run.
INVOKE_TIMEOUT_SECONDS = 900.0
PAGE_ROWS = 200

# Where the gateway's words are for a program, and what they leave to be said.
_REASONS = {401: "the token is not valid. Set LLM_CP_ADMIN_TOKEN or --token to one that is."}
_HINTS = {412: " Or use --force."}


@dataclass(frozen=True, slots=True)
class Response:
    """A success: its JSON, read and as it came. `body` is an object, empty for none."""

    status: int
    body: Mapping[str, Any]
    text: str
    content: bytes
    headers: Mapping[str, str]

    @classmethod
    def of(cls, response: httpx.Response, body: Mapping[str, Any]) -> Response:
        """What came over HTTP, with the JSON in it."""
        return cls(response.status_code, body, response.text, response.content, response.headers)

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The object as the only row of a table."""
        return [self.body]

    @property
    def etag(self) -> str | None:
        """The entity tag of what was read or written."""
        return self.headers.get("etag")


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows of a list. `text` is one JSON object, as it came where one page was all;
    `has_more` where rows were left out."""

    rows: list[Mapping[str, Any]]
    text: str
    has_more: bool


def connect(
    url: str, headers: Mapping[str, str], transport: httpx.BaseTransport | None = None
) -> AdminClient:
    """A client of the gateway at `url`. Raises CommandError where that is no URL."""
    try:
        return AdminClient(
            httpx.Client(
                base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, transport=transport
            )
        )
    except httpx.InvalidURL:
        raise CommandError("The gateway's address is not a valid URL.") from None


class AdminClient:
    """Every method raises CommandError with what the gateway said, if it said anything."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @property
    def url(self) -> str:
        """Where the gateway is."""
        return str(self._client.base_url).rstrip("/")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Response:
        """One object."""
        return _read(self._ask("GET", path, params=_given(params)))

    def find(self, path: str) -> Response | None:
        """One object; None where the gateway has none."""
        response = self._ask("GET", path)
        if response.status_code == httpx.codes.NOT_FOUND and _envelope(response):
            return None
        return _read(response)

    def file(self, path: str, params: Mapping[str, Any]) -> Response:
        """An answer that is not JSON."""
        response = self._ask("GET", path, params=_given(params))
        _check(response)
        return Response.of(response, {})

    def send(
        self,
        method: str,
        path: str,
        body: bytes | Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A write; bytes are sent as they stand."""
        content = orjson.dumps(body) if isinstance(body, Mapping) else body
        given = dict(headers or {})
        if content is not None:
            given["Content-Type"] = "application/json"
        return _read(self._ask(method, path, content=content, headers=given))

    def invoke(self, path: str, event: Mapping[str, Any]) -> Response:
        """The Invoke API: an answer whose JSON may be anything, also of a function that failed."""
        response = self._ask(
            "POST", path, content=orjson.dumps(event), timeout=INVOKE_TIMEOUT_SECONDS
        )
        _check(response)
        return Response.of(response, {})

    def pages(
        self, path: str, params: Mapping[str, Any], rows: int = PAGE_ROWS
    ) -> Iterator[tuple[list[Mapping[str, Any]], Response]]:
        """A list, page by page of at most `rows`."""
        asked = {**params, "limit": rows}
        while True:
            page = self.get(path, asked)
            data, cursor = page.body.get("data"), page.body.get("next_cursor")
            if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
                raise NotTheGateway
            yield data, page
            if not cursor:
                return
            asked["cursor"] = cursor

    def listing(
        self, path: str, params: Mapping[str, Any] | None = None, limit: int | None = None
    ) -> Listing:
        """All rows, or the first `limit`."""
        rows: list[Mapping[str, Any]] = []
        pages: list[Response] = []
        for data, page in self.pages(path, params or {}, min(PAGE_ROWS, limit or PAGE_ROWS)):
            rows += data
            pages.append(page)
            if limit is not None and len(rows) >= limit:
                break
        following = pages[-1].body.get("next_cursor")
        has_more = bool(following) or (limit is not None and len(rows) > limit)
        rows = rows[:limit]
        if len(pages) == 1:
            return Listing(rows, pages[0].text, has_more)
        # Not a cursor that would go on behind rows which are not there.
        whole = orjson.dumps({"data": rows, "next_cursor": None})
        return Listing(rows, whole.decode(), has_more)

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            return self._client.request(method, path, **options)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unanswered(
                f"The gateway at {shown(self.url)} did not answer ({type(error).__name__})."
            ) from None


def _given(params: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value is not None}


def _read(response: httpx.Response) -> Response:
    _check(response)
    if response.status_code == httpx.codes.NO_CONTENT:
        return Response.of(response, {})
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise NotTheGateway from None
    if not isinstance(body, dict):
        raise NotTheGateway
    return Response.of(response, body)


def _check(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    error = _envelope(response)
    faults = error.get("errors")
    if isinstance(faults, list) and faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise CommandError(f"The gateway refused with {status}, for {count}:", *map(_fault, faults))
    reason = "no reason given; is this the gateway's address?"
    if error:
        reason = _REASONS.get(status) or shown(str(error["message"])) + _HINTS.get(status, "")
    raised = Unanswered if status >= 500 or status == 429 else CommandError
    raise raised(f"The gateway refused with {status}: {reason}")


def _fault(entry: Any) -> str:
    fault = entry if isinstance(entry, dict) else {}
    return shown(f"{fault.get('field')}: {fault.get('message')}")


def _envelope(response: httpx.Response) -> Mapping[str, Any]:
    try:
        error = orjson.loads(response.content)["error"]
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        return {}
    return error if isinstance(error, dict) and "message" in error else {}
