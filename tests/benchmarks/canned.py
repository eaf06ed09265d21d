"""Providers and an SQS queue that answer at once: `python -m tests.benchmarks.canned PORT`.

They speak just enough of their protocols for a measurement to see the gateway and nothing else.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import sys

from tests.benchmarks.canned_answers import (
    CHAT,
    COMPLETION,
    GAP_SECONDS,
    MESSAGE,
    MESSAGES,
    RESPONSE,
    RESPONSES,
)

# By what stands in the head of a request: the whole answer, and the events of a streamed one.
ANSWERS = {
    b"/chat/completions": (json.dumps(COMPLETION).encode(), CHAT),
    b"/messages": (json.dumps(MESSAGE).encode(), MESSAGES),
    b"/responses": (json.dumps(RESPONSE).encode(), RESPONSES),
}


class Canned(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; a body is known by its Content-Length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            length = 0
            if (at := head.find(b"content-length:")) >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if b"expect: 100-continue" in head and len(self.buffer) < end + 4 + length:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.buffer = self.buffer[end + 4 + length :]
            if b"amazonsqs" in head:
                self._answer(_send_message_batch(body))
                continue
            whole, events = next(answer for path, answer in ANSWERS.items() if path in head)
            if b'"stream":true' in body:
                self.streaming = asyncio.ensure_future(self._stream(events))
            else:
                self._answer(whole)

    async def _stream(self, events: tuple[bytes, ...]) -> None:
        """Each event for itself, as a model says it."""
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n"
        )
        for event in events:
            self.transport.write(b"%x\r\n%b\r\n" % (len(event), event))
            await asyncio.sleep(GAP_SECONDS)
        self.transport.write(b"0\r\n\r\n")

    def _answer(self, body: bytes) -> None:
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )


def _send_message_batch(body: bytes) -> bytes:
    entries = json.loads(body).get("Entries", ())
    successful = [
        {
            "Id": entry["Id"],
            "MessageId": entry["Id"],
            "MD5OfMessageBody": hashlib.md5(entry["MessageBody"].encode()).hexdigest(),
        }
        for entry in entries
    ]
    return json.dumps({"Successful": successful, "Failed": []}).encode()


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
