"""The content of a response, unpacked in pieces: a few kilobytes of gzip can be a gigabyte."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import httpx

from controlplane.errors import ProviderError

# What is asked for. httpx would add whatever else it finds a package for.
ACCEPTED = "gzip, deflate"
MAX_PIECE_BYTES = 64 * 1024
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def content_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The pieces, each of them small. Raises ProviderError for a coding that was not asked for,
    httpx.DecodingError while they are read where it is not what it says."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding in ("identity", ""):
        return response.aiter_bytes()
    if coding in ("gzip", "x-gzip", "deflate"):
        return _inflated(response.aiter_raw(), deflate=coding == "deflate")
    raise ProviderError("protocol", "the answer is in a coding that was not asked for")


async def _inflated(pieces: AsyncIterator[bytes], *, deflate: bool) -> AsyncIterator[bytes]:
    inflater = None
    async for piece in pieces:
        if inflater is None:
            inflater = zlib.decompressobj(_wbits(piece) if deflate else _GZIP)
        packed = piece
        while packed and not inflater.eof:
            try:
                unpacked = inflater.decompress(packed, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise httpx.DecodingError("not what its coding says") from error
            packed = inflater.unconsumed_tail
            yield unpacked


def _wbits(packed: bytes) -> int:
    """Of "deflate", which is sent with the frame of zlib and without."""
    framed = len(packed) > 1 and packed[0] & 15 == 8 and int.from_bytes(packed[:2], "big") % 31 == 0
    return _ZLIB if framed else _RAW
