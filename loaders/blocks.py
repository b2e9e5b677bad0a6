"""Cuts a stream into blocks of whole lines, without ever holding more than a block and a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from loaders.sources import Readable

# 64 KB. Measured: 32 to 128 KB are equal, at 256 KB the load takes twice as long, because a block
# then no longer fits the socket's buffer and the server waits while we scan. Leave it as it is.
BLOCK_BYTES = 64 * 1024

# What is kept of a line that is too long.
HEAD_BYTES = 1_000


@dataclass(frozen=True)
class LongLine:
    """A line of more than the permitted number of bytes: how it begins, and how many it has."""

    head: bytes
    size: int


class LineBlocks:
    """Iterates over the blocks of ``stream``: bytes that end at a line end, or a :class:`LongLine`.

    Only the last block may lack its line end. A line ends with LF; a CR before it is left in place.
    ``lines`` counts line ends as they go by, apart from what anybody makes of them: the loader
    checks its own accounts against this number.
    """

    def __init__(self, stream: Readable, max_line_bytes: int) -> None:
        if max_line_bytes < BLOCK_BYTES:
            # Or a line inside a block could be too long, and nobody would look.
            raise ValueError(f"max_line_bytes must be at least {BLOCK_BYTES}")
        self._stream = stream
        self._max = max_line_bytes
        self.lines = 0

    def __iter__(self) -> Iterator[bytes | LongLine]:
        tail = b""
        while chunk := self._stream.read(BLOCK_BYTES):
            if len(tail) + len(chunk) > self._max:
                end = chunk.find(b"\n")
                if len(tail) + (end if end >= 0 else len(chunk)) > self._max:
                    long, chunk = self._skip_line(tail, chunk)
                    self.lines += 1
                    yield long
                    tail = b""
            cut = chunk.rfind(b"\n") + 1
            if cut:
                block = tail + chunk[:cut]
                tail = chunk[cut:]
                self.lines += block.count(b"\n")
                yield block
            else:
                tail += chunk
        if tail:
            self.lines += 1
            yield tail

    def _skip_line(self, tail: bytes, chunk: bytes) -> tuple[LongLine, bytes]:
        """Reads past the line that ``tail`` and ``chunk`` begin; returns it and what follows it."""
        head = (tail + chunk)[:HEAD_BYTES]
        size = len(tail)
        while chunk and b"\n" not in chunk:
            size += len(chunk)
            chunk = self._stream.read(BLOCK_BYTES)
        line, _, rest = chunk.partition(b"\n")
        return LongLine(head, size + len(line)), rest
