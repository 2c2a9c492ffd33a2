r"""YAML, read strictly and written in one form only.

The loader stands on libyaml's parser and decides itself what a scalar is, so no reader of YAML 1.1 or 1.2 can see another value:

- a plain `0` or `12` is an integer; every other plain scalar that some YAML reader takes for a number, a truth value, a date, a
  null or a merge key is refused ("quote it"), and so is an empty one; all else is text;
- no repeated keys, anchors, aliases, tags, directives or second document; keys are text;
- UTF-8 without a byte order mark, NUL or carriage return; at most 4 MiB, 20 levels and 100,000 nodes.

The dumper has one spelling for each value, so equal data gives equal bytes: block style, lists not indented, `|` for text of several
lines, plain words where nobody can misread them, single quotes otherwise, and double quotes for what is left.

>>> load_yaml(b"due: '2026-11-20'\nmeasures: [education]\n", "body.yaml")
{'due': '2026-11-20', 'measures': ['education']}
>>> dump_yaml({"by": "li.wei", "answer": "no", "list": [{"id": "m1"}]})
"by: li.wei\nanswer: 'no'\nlist:\n- id: m1\n"
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent

from plaint.errors import InputError
from plaint.i18n import _

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 20
MAX_NODES = 100_000
MAX_KEY = 200

Pointer = tuple[str | int, ...]

_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null", "inf", "nan"})
_LOADED_WORDS = _WORDS - {"inf", "nan"}
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}").fullmatch
_AMBIGUOUS = re.compile(
    r"""[-+]?\.?[0-9][0-9_.,:]*([eE][-+]?[0-9_.]*)?   # integer, float, octal, sexagesimal
      | [-+]?0[boxBOX][0-9a-fA-F_]*                   # other bases
      | [-+]?\.([0-9_.]*|inf|Inf|INF|nan|NaN|NAN)([eE][-+]?[0-9]*)?
      | [0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt\s].*)?     # date, timestamp
      | ~ | << | =""",
    re.VERBOSE | re.DOTALL,
).fullmatch
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*").fullmatch
_UNSAFE = re.compile("[^\\n\\x20-\\x7e\\xa0-\\u2027\\u202a-\\ud7ff\\ue000-\\ufefe\\uff00-\\ufffd\\U00010000-\\U0010ffff]").search
_ASCII_SAFE = bytes(range(0x20, 0x7F)) + b"\n"
_BLANK_LINE = re.compile(r"^[ ]+$", re.MULTILINE).search
_LETTER = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


class _RefusedError(Exception):
    """What the loader refuses, and the event it stopped at."""

    def __init__(self, what: str, event: Any, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.event, self.hint = what, event, hint


def load_yaml(data: bytes, path: str) -> Any:
    """The plain data (dict, list, str, int) of one YAML document; InputError at `path:line` for whatever the rules above refuse."""
    _check_bytes(data, path)
    try:
        return _Loader(CParser(data).get_event).document()
    except _RefusedError as refusal:
        raise InputError(refusal.what, where=f"{path}:{refusal.event.start_mark.line + 1}", hint=refusal.hint) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InputError(
            _("this is not YAML that can be read: {problem}").format(problem=error.problem or error.context or ""),
            where=f"{path}:{mark.line + 1}" if mark else path,
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(_("this is not YAML that can be read: {problem}").format(problem=_reader_problem(error)), where=path) from None


def _reader_problem(error: Exception) -> str:
    return str(getattr(error, "reason", "")) or type(error).__name__


def _check_bytes(data: bytes, path: str) -> None:
    if len(data) > MAX_BYTES:
        raise InputError(_("the file is larger than {size} MiB").format(size=MAX_BYTES // 1024 // 1024), where=path)
    if data.startswith(b"\xef\xbb\xbf"):
        raise InputError(_("the file starts with a byte order mark"), where=f"{path}:1", hint=_("save it as UTF-8 without BOM"))
    if b"\r" in data:
        what, hint = _("the file holds a carriage return (CR)"), _("save it with LF line ends")
        raise InputError(what, where=_place(data, path, data.index(b"\r")), hint=hint)
    if b"\0" in data:
        raise InputError(_("the file holds a NUL byte"), where=_place(data, path, data.index(b"\0")), hint=_("save it as UTF-8"))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(_("the text is not UTF-8"), where=_place(data, path, error.start), hint=_("save it as UTF-8")) from None


def _place(data: bytes, path: str, offset: int) -> str:
    line = data.count(b"\n", 0, offset) + 1
    return f"{path}:{line}"


class _Loader:
    """Builds data from libyaml's events; counts nodes and depth as they come, so hostile nesting ends early."""

    __slots__ = ("next", "nodes")

    def __init__(self, next_event: Callable[[], Any]) -> None:
        self.next = next_event
        self.nodes = 0

    def document(self) -> Any:
        self.next()  # the start of the stream
        start = self.next()
        if not isinstance(start, yaml.events.DocumentStartEvent):
            raise _RefusedError(_("the file is empty"), start)
        if start.version or start.tags:
            raise _RefusedError(_("a YAML directive (%) is not allowed"), start)
        value = self.value(self.next(), 1)
        self.next()  # the end of the document
        end = self.next()
        if isinstance(end, yaml.events.DocumentStartEvent):
            raise _RefusedError(_("a second document in the same file is not allowed"), end)
        return value

    def value(self, event: Any, depth: int) -> Any:
        kind = event.__class__
        if kind is AliasEvent:
            raise _RefusedError(_("anchors and aliases (& and *) are not allowed"), event, _("write the value out"))
        if event.anchor is not None:
            raise _RefusedError(_("anchors and aliases (& and *) are not allowed"), event, _("write the value out"))
        if event.tag is not None:
            raise _RefusedError(_("tags (!) are not allowed"), event, _("quote the value"))
        self.nodes += 1
        if kind is ScalarEvent:
            text = event.value
            return _plain(text, event) if event.implicit[0] else text
        if depth > MAX_DEPTH:
            raise _RefusedError(_("more than {n} levels are nested").format(n=MAX_DEPTH), event)
        if self.nodes > MAX_NODES:
            raise _RefusedError(_("the file holds more than {n} values").format(n=MAX_NODES), event)
        return self.mapping(depth) if kind is MappingStartEvent else self.sequence(depth)

    def mapping(self, depth: int) -> dict[str, Any]:
        following, value = self.next, self.value
        result: dict[str, Any] = {}
        while (event := following()).__class__ is not MappingEndEvent:
            key = value(event, depth + 1)
            if key.__class__ is not str:
                raise _RefusedError(_("a key must be text"), event, _("quote it"))
            if key in result:
                raise _RefusedError(_("`{key}` stands twice").format(key=key), event, _("keep one of them"))
            event = following()
            if event.__class__ is ScalarEvent and event.tag is None and event.anchor is None:
                text = event.value
                result[key] = _plain(text, event) if event.implicit[0] else text
                self.nodes += 1
                if self.nodes > MAX_NODES:
                    raise _RefusedError(_("the file holds more than {n} values").format(n=MAX_NODES), event)
            else:
                result[key] = value(event, depth + 1)
        return result

    def sequence(self, depth: int) -> list[Any]:
        following, value = self.next, self.value
        result: list[Any] = []
        while (event := following()).__class__ is not SequenceEndEvent:
            result.append(value(event, depth + 1))
            if self.nodes > MAX_NODES:
                raise _RefusedError(_("the file holds more than {n} values").format(n=MAX_NODES), event)
        return result


def _plain(text: str, event: Any) -> str | int:
    """An unquoted scalar: an integer, a text nobody can misread, or a refusal."""
    if text[:1] in _LETTER and text:
        if len(text) > 5 or text.lower() not in _LOADED_WORDS:
            return text
    elif _INTEGER(text):
        return int(text)
    elif not text:
        raise _RefusedError(_("there is a key or list item without a value"), event, _("write the value, or '' for an empty text"))
    elif not _AMBIGUOUS(text):
        return text
    shown = text[:40]
    raise _RefusedError(_("`{text}` can be read in more than one way").format(text=shown), event, _("quote it: '{text}'").format(text=shown))


def positions(data: bytes) -> dict[Pointer, int]:
    r"""The line (from 1) of every key and list item of a document that `load_yaml` has accepted, by its path of keys and indexes.

    >>> positions(b"a:\n- b: c\n")[("a", 0, "b")]
    2
    """
    root = yaml.compose(data, Loader=yaml.CSafeLoader)
    return dict(_positions(root, ())) if root is not None else {}


def _positions(node: Any, path: Pointer) -> Iterator[tuple[Pointer, int]]:
    if not path:
        yield (), node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, key.value), key.start_mark.line + 1
            yield from _positions(value, (*path, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*path, index), value.start_mark.line + 1
            yield from _positions(value, (*path, index))


def dump_yaml(value: object) -> str:
    """The one spelling of plain data (mappings with text keys, sequences, text, integers from 0 to 18 digits)."""
    lines: list[str] = []
    if isinstance(value, Mapping) and value:
        _write_mapping(value, "", lines)
    elif isinstance(value, (list, tuple)) and value:
        _write_sequence(value, "", lines)
    else:
        lines.append(f"{_scalar(value, '')}\n")
    return "".join(lines)


def dump_item(mapping: Mapping[str, Any]) -> str:
    """A mapping as one item of a list at the left margin: what `dump_yaml([mapping])` gives."""
    lines: list[str] = []
    _write_mapping(mapping, "  ", lines)
    return "- " + "".join(lines)[2:]


def _write_mapping(mapping: Mapping[str, Any], indent: str, lines: list[str]) -> None:
    for key, value in mapping.items():
        name = _key(key)
        if value.__class__ is str:
            if "\n" in value:
                lines.append(f"{indent}{name}: {_text(value, indent)}\n")
            else:
                lines.append(f"{indent}{name}: {value if len(value) > 5 and _PLAIN(value) else _inline(value)}\n")
        elif isinstance(value, Mapping) and value:
            lines.append(f"{indent}{name}:\n")
            _write_mapping(value, indent + "  ", lines)
        elif isinstance(value, (list, tuple)) and value:
            lines.append(f"{indent}{name}:\n")
            _write_sequence(value, indent, lines)
        else:
            lines.append(f"{indent}{name}: {_scalar(value, indent)}\n")


def _write_sequence(items: Sequence[Any], indent: str, lines: list[str]) -> None:
    inner = indent + "  "
    for item in items:
        start = len(lines)
        if isinstance(item, Mapping) and item:
            _write_mapping(item, inner, lines)
        elif isinstance(item, (list, tuple)) and item:
            _write_sequence(item, inner, lines)
        else:
            lines.append(f"{inner}{_scalar(item, indent)}\n")
        lines[start] = f"{indent}- {lines[start][len(inner) :]}"


@lru_cache(maxsize=512)
def _key(key: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be text, not {type(key).__name__}")
    if len(key) > MAX_KEY:
        raise InputError(_("the key `{key}` is longer than {n} characters").format(key=key[:40] + "…", n=MAX_KEY))
    return _inline(key)


def _scalar(value: object, indent: str) -> str:
    if isinstance(value, str):
        return _text(value, indent)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[]"
    if isinstance(value, Mapping):
        return "{}"
    raise TypeError(f"{value!r} has no place in a record")


def _text(text: str, indent: str) -> str:
    if "\n" not in text:
        return _inline(text)
    if _fits_block(text):
        body = text.removesuffix("\n")
        inner = indent + "  "
        block = f"\n{inner}" + body.replace("\n", f"\n{inner}")
        if "\n\n" in body:
            block = "\n".join("" if line == inner else line for line in block.split("\n"))
        return ("|" if len(body) < len(text) else "|-") + block
    return _inline(text)


def _fits_block(text: str) -> bool:
    """Whether `|` or `|-` gives the text back: it starts and ends with a visible line and holds only printable characters."""
    if text[0] in " \n" or text.endswith("\n\n") or ("\n " in text and _BLANK_LINE(text) is not None):
        return False
    return not text.encode().translate(None, _ASCII_SAFE) if text.isascii() else not _UNSAFE(text)


def _inline(text: str) -> str:
    if _PLAIN(text) and (len(text) > 5 or text.lower() not in _WORDS):
        return text
    if text.isprintable() or ("\n" not in text and not _UNSAFE(text)):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(c) for c in text) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if not _UNSAFE(character):
        return character
    number = ord(character)
    if 0xD800 <= number <= 0xDFFF:
        raise InputError(_("the text holds half a character (a lone surrogate)"), hint=_("save it as UTF-8"))
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
