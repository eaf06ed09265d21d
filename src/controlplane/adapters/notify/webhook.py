"""Webhooks, signed as https://www.standardwebhooks.com says, and Slack's incoming ones."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from controlplane.adapters.notify.addresses import checked_address
from controlplane.errors import Undelivered

SECRET_PREFIX = "whsec_"  # noqa: S105
TIMEOUT_SECONDS = 5.0
GONE = 410


class WebhookSender:
    """Posts over HTTPS to an address that was checked. No proxy, no redirect, and no connection is
    kept: each is checked anew."""

    def __init__(self, *, allow_private: bool, tls: ssl.SSLContext | None = None) -> None:
        self._allow_private = allow_private
        self._client = httpx.AsyncClient(
            verify=tls or httpx.create_ssl_context(trust_env=False),
            trust_env=False,
            follow_redirects=False,
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=0),
        )

    async def post(
        self, url: str, message_id: str, message: Mapping[str, Any], secret: str | None
    ) -> None:
        """Send a message; without a secret it is not signed. Raises Undelivered."""
        body = orjson.dumps(dict(message))
        headers = {"content-type": "application/json", "user-agent": "llm-control-plane"}
        if secret is not None:
            headers |= signed(secret, message_id, round(time.time()), body)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status = await self._status(url, headers, body)
        except TimeoutError:
            raise Undelivered("it did not answer in time") from None
        except httpx.TimeoutException:
            raise Undelivered("it did not answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            what = "its certificate is not valid" if _is_tls(error) else "it cannot be reached"
            raise Undelivered(what) from None
        if not 200 <= status < 300:
            raise Undelivered(f"it answered {status}", final=status == GONE)

    async def close(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def _status(self, url: str, headers: Mapping[str, str], body: bytes) -> int:
        parts = urlsplit(url)
        host = parts.hostname
        if parts.scheme != "https" or not host:
            raise Undelivered("its address is not https")
        port = parts.port or 443
        address = await checked_address(host, port, allow_private=self._allow_private)
        shown = f"[{address}]" if ":" in address else address
        path = parts.path or "/"
        target = f"https://{shown}:{port}{path}" + (f"?{parts.query}" if parts.query else "")
        # The name is what the certificate has to be of; the connection goes to the address.
        async with self._client.stream(
            "POST",
            target,
            headers={**headers, "host": parts.netloc},
            content=body,
            extensions={"sni_hostname": host},
        ) as response:
            return response.status_code


def signed(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows sender, content, and a repetition."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False
