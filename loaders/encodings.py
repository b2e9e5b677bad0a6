"""Text encodings: telling UTF-16 from UTF-8, and transcoding what a person says is in another one.

Nothing is guessed: without ``--encoding`` a file is UTF-8 or it is refused.
"""

from __future__ import annotations

import codecs

from loaders.sources import Readable, UnreadableContentError

UTF8_BOM = codecs.BOM_UTF8

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# At most three bytes of UTF-8 come of one byte, so what is passed on still fits a block (64 KB).
_PIECE_BYTES = 16 * 1024


def wide_encoding(head: bytes) -> str | None:
    """Returns ``utf-16`` and the like if ``head``, a file's first bytes, is in it; else None.

    Told by the byte order mark, or by a NUL in every second byte, as western text has it in UTF-16.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    if len(head) >= 8:
        even, odd = head[0::2], head[1::2]
        if odd.count(0) > 0.4 * len(odd) and even.count(0) < 0.1 * len(even):
            return "utf-16-le"
        if even.count(0) > 0.4 * len(even) and odd.count(0) < 0.1 * len(odd):
            return "utf-16-be"
    return None


class Utf8:
    """``stream``, which is in ``encoding``, as UTF-8.

    A byte that the encoding does not have becomes a sequence that is no UTF-8 either, so that the
    scanner sets that line aside; :meth:`original` gives its bytes back as they stand in the file.
    """

    def __init__(self, stream: Readable, encoding: str) -> None:
        self._stream = stream
        self._encoding = encoding
        # Wide encodings have units that stand for nothing, not bytes.
        wide = encoding.replace("_", "-").startswith(("utf-16", "utf-32"))
        self._errors = "surrogatepass" if wide else "surrogateescape"
        self._decoder = codecs.getincrementaldecoder(encoding)(self._errors)
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Returns some bytes, none at the end."""
        while not self._ended:
            piece = self._stream.read(min(size, _PIECE_BYTES))
            self._ended = not piece
            try:
                text = self._decoder.decode(piece, final=self._ended)
            except UnicodeError as error:
                raise UnreadableContentError(
                    f"The content is not {self._encoding} as --encoding says ({error}). Give the "
                    "encoding that the sending system uses, or load the file without --encoding if "
                    "it is UTF-8."
                ) from error
            if text:
                return text.encode("utf-8", "surrogatepass")
        return b""

    def original(self, line: bytes) -> bytes:
        """Returns the bytes in the file that became ``line``."""
        text = line.decode("utf-8", "surrogatepass")
        encoding = self._encoding
        if encoding in ("utf-16", "utf-32"):
            encoding += "-le"  # a line has no byte order mark of its own
        return text.encode(encoding, self._errors)
