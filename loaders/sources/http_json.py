"""What a service answers in JSON, as the delimited text that the copier reads.

The wire's own habits end here: documents glued together, lists in strings, numbers in objects. What
a value means is not asked: a number keeps the digits it was written with.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from loaders.sources import Readable, UnreadableContentError

_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_BLANKS = re.compile(r"[ \t\r\n]*")

# A list as Python prints it. Taken apart by these patterns, never evaluated.
_ITEM = r"(?:'[^'\"\\,{}]*'|\"[^'\"\\,{}]*\")"
_PYTHON_LIST = re.compile(rf"\[\s*(?:{_ITEM}(?:\s*,\s*{_ITEM})*)?\s*\]")
_QUOTED = re.compile(_ITEM)

_SPECIAL = re.compile(r'[,"\r\n]')

# Ends whatever is no record, so that it cannot pass for one: a quote outside a quoted field is
# malformed, however many commas there are.
_NO_RECORD = ' "'


@dataclass(frozen=True)
class Records:
    """The records of an answer, in order; ``is_whole`` is False where it ends early.

    A record that is no JSON object is kept as it is.
    """

    items: list[Any]
    is_whole: bool = True


class NotJsonError(UnreadableContentError):
    """The answer does not even begin like the JSON that was expected."""


def records_of(body: bytes) -> Records:
    """Returns the records in ``body``: of one JSON array, or of glued objects that hold arrays.

    An object's only value is an array, or a string that is one. Raises NotJsonError if the body is
    neither of them.
    """
    text = body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    at = _skip(text, 0)
    if at == len(text) or text[at] not in "[{":
        raise NotJsonError(
            "The answer is no JSON array and no JSON object. See its body in ops.http_answers: it "
            "may be the page of a proxy."
        )
    found: list[Any] = []
    while at < len(text):
        try:
            document, at = _DECODER.raw_decode(text, at)
            found.extend(_array_in(document))
        except RecursionError as error:
            raise NotJsonError("The answer is nested too deeply to be one of lines.") from error
        except json.JSONDecodeError:
            # Whole documents before it are good; the one that is cut is not.
            return Records(found, is_whole=False)
        at = _skip(text, at)
    return Records(found)


def _skip(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _array_in(document: Any) -> list[Any]:
    if isinstance(document, dict) and len(document) == 1:
        (document,) = document.values()
        if isinstance(document, str):
            inner, end = _DECODER.raw_decode(document, _skip(document, 0))
            if _skip(document, end) != len(document):
                raise NotJsonError("A list in the answer has text after its end.")
            document = inner
    if document is None:
        return []
    if not isinstance(document, list):
        raise NotJsonError(
            "The answer is JSON, but no list of records: expected is an array, or an object whose "
            "only value is one. See its body in ops.http_answers."
        )
    return document


@dataclass(frozen=True)
class Wire:
    """How a service's records differ from a feed's lines.

    ``aliases`` gives the feed's header for a name that is another in the answer; ``lists`` names
    the headers whose values are lists, also in a text as Python prints it. They become the text of
    a Postgres array, as the feed's files have it.
    """

    aliases: Mapping[str, str] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()

    def renamed(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a record under the feed's names."""
        return {self.aliases.get(name, name): value for name, value in item.items()}


def as_csv(items: Sequence[Any], headers: Sequence[str], wire: Wire) -> bytes:
    """Returns ``items`` as CSV, a line an item, under ``headers`` and whatever else they hold.

    What an item lacks is empty; an item that is no object becomes a line that the scanner sets
    aside.
    """
    columns = dict.fromkeys(headers)
    rows = [wire.renamed(item) if isinstance(item, dict) else None for item in items]
    for row in rows:
        columns.update(dict.fromkeys(row or ()))
    lines = [_line(columns)]
    for item, row in zip(items, rows, strict=True):
        if row is None:
            lines.append(json.dumps(item).lstrip('"') + _NO_RECORD)
            continue
        lines.append(
            _line(
                list_text(row.get(name)) if name in wire.lists else text_of(row.get(name))
                for name in columns
            )
        )
    # Half a character is no UTF-8 here either: the scanner sets its line aside.
    return "\n".join([*lines, ""]).encode("utf-8", "surrogatepass")


def _line(fields: Iterable[str]) -> str:
    """Returns fields as a line of CSV.

    Python's own writer leaves a carriage return without quotes, and at the end of a line it would
    be taken for a part of the line's end.
    """
    return ",".join(
        '"' + field.replace('"', '""') + '"' if _SPECIAL.search(field) else field
        for field in fields
    )


def text_of(value: Any) -> str:
    """Returns a JSON value as the text of a field; null is empty.

    ``{"Float": 12.5}``, as a nullable number comes out of a Go program, is ``12.5``.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) and list(value) == ["Float"] and isinstance(value["Float"], str):
        return value["Float"]
    return json.dumps(value, ensure_ascii=False)


def list_text(value: Any) -> str:
    """Returns a list, or a text that shows one, as the text of a Postgres array.

    A text of another form is returned as it is: dbt says what is wrong with it.
    """
    if isinstance(value, str) and _PYTHON_LIST.fullmatch(value):
        value = [item[1:-1] for item in _QUOTED.findall(value)]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "{" + ",".join(value) + "}"
    return text_of(value)


def content_of(
    stream: Readable,
    headers: Sequence[str],
    wire: Wire,
    keep: Callable[[Any], bool] | None = None,
) -> Readable:
    """Returns ``stream``, a whole answer, as CSV of the records that are to be kept.

    All of it is read at once, since JSON cannot be read in part. Raises UnreadableContentError.
    """
    pieces = []
    while piece := stream.read(1 << 16):
        pieces.append(piece)
    items = records_of(b"".join(pieces)).items
    return io.BytesIO(as_csv([one for one in items if keep is None or keep(one)], headers, wire))
