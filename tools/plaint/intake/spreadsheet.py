r"""Reads a table from a CSV file as spreadsheets save it: encoding, delimiter, header, rows with the lines they stand on.

- Encoding `auto`: a byte order mark decides (UTF-8, UTF-16); else UTF-8, else GB18030, which holds GB2312 and GBK.
- Delimiter `auto`: the one of , ; tab | under which the header has the most of the columns that are wanted.
- Lines are those of the file, as an editor counts them; a quoted field may hold line ends, so a row has a first and a last line.
- A row that is not whole (too few or too many fields, a quotation mark left open, a NUL) has a `fault` instead of values. Others go on.
- Rows without any text are left out.

>>> table = read_table(b"id,text\n1,\"two\nlines\"\n2\n", ["id"])
>>> [(row.line, row.values or row.fault) for row in table.rows]
[(2, ('1', 'two\nlines')), (4, 'the row has 1 field, the header 2')]
"""

from __future__ import annotations

import codecs
import csv
import io
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from plaint.errors import InputError
from plaint.i18n import _, ngettext

AUTO = "auto"
DELIMITERS = (",", ";", "\t", "|")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_LARGEST_FIELD = 2**31 - 1  # a C long on every platform; what is too large to seal is refused later, by its row
_limit = threading.Lock()


@dataclass(frozen=True, slots=True)
class Row:
    """A row, from its first to its last line of the file: `values` in the order of the header, or the `fault`."""

    line: int
    last: int
    values: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read, and how: under which encoding and delimiter."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    encoding: str
    delimiter: str


def read_table(data: bytes, wanted: Sequence[str], *, where: str = "", encoding: str = AUTO, delimiter: str = AUTO) -> Table:
    """The table in a file that has all the `wanted` columns; InputError where there is none to be read."""
    text, encoding = decode(data, encoding, where)
    if not text.strip("\r\n\t ,;|\0"):
        raise InputError(_("the file is empty"), where=where, hint=_("export the table again, with its header line"))
    candidates = DELIMITERS if delimiter == AUTO else (delimiter,)
    headers = {each: _header(text, each) for each in candidates}
    best = max(headers, key=lambda each: (len(set(headers[each]) & set(wanted)), len(headers[each])))
    _check_header(headers[best], wanted, where, best)
    return Table(headers[best], tuple(_rows(text, best, len(headers[best]))), encoding, best)


def decode(data: bytes, encoding: str, where: str = "") -> tuple[str, str]:
    """The text of a file and the encoding it was read in; InputError at the line of the first byte that does not fit."""
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding == AUTO:
        attempts = [marked] if marked else ["utf-8", "gb18030"]
    else:
        attempts = [marked if marked == "utf-8-sig" and codecs.lookup(encoding).name == "utf-8" else encoding]
    furthest = -1
    for name in attempts:
        try:
            return data.decode(name), name
        except UnicodeDecodeError as error:
            furthest = max(furthest, error.start)
        except UnicodeError:  # UTF-16 cut off
            furthest = max(furthest, 0)
    line = data.count(b"\n", 0, furthest) + 1
    raise InputError(
        _("the text is not {encoding}").format(encoding=_(" or ").join(name.upper() for name in attempts)),
        where=f"{where}:{line}" if where else "",
        hint=_("save it as UTF-8, or name its encoding in the map"),
    )


@contextmanager
def _large_fields() -> Iterator[None]:
    """The limit of csv is one for the whole process: raised for as long as a table is read."""
    with _limit:
        before = csv.field_size_limit(_LARGEST_FIELD)
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _header(text: str, delimiter: str) -> tuple[str, ...]:
    """The first row with text, as names; none where it cannot be read."""
    with _large_fields():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            return next((tuple(name.strip() for name in row) for row in reader if any(row)), ())
        except csv.Error:
            return ()


def _check_header(header: Sequence[str], wanted: Sequence[str], where: str, delimiter: str) -> None:
    missing = [name for name in wanted if name not in header]
    line = f"{where}:1" if where else ""
    if missing:
        raise InputError(
            ngettext("the column {names} is missing", "the columns {names} are missing", len(missing)).format(names=", ".join(missing)),
            where=line,
            hint=_("the file has: {names}").format(names=(delimiter.strip() or " ").join(header)[:300]),
        )
    twice = sorted({name for name in wanted if header.count(name) > 1})
    if twice:
        raise InputError(_("the column {names} stands twice").format(names=", ".join(twice)), where=line, hint=_("rename one of them"))


def _rows(text: str, delimiter: str, width: int) -> list[Row]:
    rows: list[Row] = []
    seen_header = False
    with _large_fields():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return rows
            except csv.Error as error:
                rows.append(Row(line, reader.line_num, fault=_csv_fault(str(error), line, reader.line_num)))
                continue
            if not any(value.strip() for value in values):
                continue
            if not seen_header:
                seen_header = True
                continue
            rows.append(_whole(Row(line, reader.line_num, tuple(values)), width))


def _whole(row: Row, width: int) -> Row:
    """The row, or its fault where it does not fit the header."""
    if any("\0" in value for value in row.values):
        return replace(row, values=(), fault=_("the row holds a NUL byte"))
    count = len(row.values)
    while count > width and not row.values[count - 1].strip():  # spreadsheets pad rows with empty cells
        count -= 1
    if count == width:
        return replace(row, values=row.values[:width])
    fault = ngettext("the row has {n} field, the header {width}", "the row has {n} fields, the header {width}", count)
    return replace(row, values=(), fault=fault.format(n=count, width=width))


def _csv_fault(error: str, first: int, last: int) -> str:
    if "unexpected end of data" in error:
        return _("a quotation mark opens here and never closes: nothing was read up to line {last}").format(last=last)
    if "expected after" in error:
        return _("there is text after a closing quotation mark (lines {first} to {last}); a quotation mark inside is doubled").format(first=first, last=last)
    return _("the row cannot be read ({reason})").format(reason=error)
