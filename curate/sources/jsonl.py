"""Reading JSON lines, plain or gzipped, and a JSON file that is one list, a row at a time.

The list is decoded element by element, so that it need not fit into memory either. NaN and infinities, which JSON does not have but many writers put there for a missing number, are null.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from curate.errors import SourceError
from curate.sources.table import Line

LARGEST_ROW = 100 << 20  # bytes of one row
_CHUNK = 1 << 20
_DECODER = json.JSONDecoder(parse_constant=lambda _: None)


def decoded(text: str) -> Any:
    """The value of a line. Raises ValueError or RecursionError for what is no JSON."""
    return _DECODER.decode(text)


def rows(path: Path) -> Iterator[Line]:
    """The rows of a `.jsonl`, `.jsonl.gz`, `.json` or `.json.gz` file. Raises SourceError naming file and line for a fault."""
    try:
        with _opened(path) as file:
            listed = ".json" in path.suffixes and _first_byte(file) == b"["
        with _opened(path) as file:
            yield from _elements(path, file) if listed else _lines(path, file)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path} is no whole gzip file: {error}") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror or error}") from error


def _opened(path: Path) -> "IO[bytes] | gzip.GzipFile":
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _first_byte(file: "IO[bytes] | gzip.GzipFile") -> bytes:
    return file.read(_CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]


def _row(value: Any, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SourceError(f"{place}: a row must be a JSON object, with columns by name, and this is {type(value).__name__}")
    return value


def _too_large(place: str) -> SourceError:
    return SourceError(f"{place}: one row is larger than {LARGEST_ROW >> 20} MB: is this a file of JSON lines?")


def _lines(path: Path, file: "IO[bytes] | gzip.GzipFile") -> Iterator[Line]:
    number = 0
    while raw := file.readline(LARGEST_ROW + 1):
        number += 1
        place = f"{path}, line {number}"
        if len(raw) > LARGEST_ROW:
            raise _too_large(place)
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if not raw.strip():
            continue
        try:
            value = decoded(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise SourceError(f"{place}: not valid UTF-8 (byte {error.start + 1} of the line)") from error
        except json.JSONDecodeError as error:
            torn = "" if raw.endswith(b"\n") else ", and the file ends in it: was it cut off?"
            raise SourceError(f"{place}: not valid JSON ({error.msg} at column {error.colno}){torn}") from error
        except (ValueError, RecursionError) as error:  # a number of thousands of digits; nesting deeper than Python goes
            raise SourceError(f"{place}: not readable JSON ({error})") from error
        yield Line(place, _row(value, place), len(raw))


def _elements(path: Path, file: "IO[bytes] | gzip.GzipFile") -> Iterator[Line]:
    import codecs

    decode = codecs.getincrementaldecoder("utf-8-sig")()
    text, position, number, ended = "", 0, 0, False

    def fill(count: int) -> None:
        nonlocal text, position, ended
        raw = file.read(count)
        ended = not raw
        try:
            text, position = text[position:] + decode.decode(raw, final=ended), 0
        except UnicodeDecodeError as error:
            raise SourceError(f"{path}, after row {number}: not valid UTF-8") from error

    def next_mark() -> str:
        nonlocal position
        while True:
            while position < len(text) and text[position] in " \t\r\n":
                position += 1
            if position < len(text) or ended:
                return text[position : position + 1]
            fill(_CHUNK)

    next_mark()
    position += 1  # the bracket that told this is a list
    while (mark := next_mark()) != "]":
        number += 1
        place = f"{path}, row {number}"
        if number > 1:
            if mark != ",":
                raise SourceError(f"{place}: not valid JSON (a comma or the closing bracket of the list is missing)")
            position += 1
            next_mark()
        while True:
            try:
                value, end = _DECODER.raw_decode(text, position)
                break
            except (json.JSONDecodeError, RecursionError) as error:
                if ended or isinstance(error, RecursionError):
                    raise SourceError(f"{place}: not valid JSON ({getattr(error, 'msg', error)})") from error
                if len(text) - position > LARGEST_ROW:
                    raise _too_large(place) from error
                fill(max(_CHUNK, len(text) - position))  # twice as much each time: a large row is not decoded again and again
            except ValueError as error:
                raise SourceError(f"{place}: not readable JSON ({error})") from error
        yield Line(place, _row(value, place), end - position)
        position = end
    position += 1
    if next_mark():
        raise SourceError(f"{path}: there is text after the list's closing bracket")
