"""JSON Schema validation: does a document have the keys and values of its kind, and if not, what is wrong on which line.

The schemas stand once, in the repository's `schemas/` (in the installed package: `plaint/schemas`), for any validator to use. Here a
compiled validator says yes or no in microseconds; only after a no does the slower `jsonschema` look for reasons, and this module puts them
in plain words. A message never repeats a value that might be free text.

>>> validate({"plaint": 1}, "plaint")[0].message
'`name` is missing'
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plaint.errors import InputError
from plaint.i18n import _, ngettext
from plaint.model.record import Record, RecordKind
from plaint.model.yamlio import Pointer, positions

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

LineOf = Callable[[Pointer], int]
ORGANISATION = "plaint"

_CODES_ONLY = frozenset(RecordKind) - {RecordKind.POLICY}
_SHOWABLE = re.compile(r"[A-Za-z0-9._:+-]{1,40}").fullmatch


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One thing that is not as the schema wants it; `line` is 0 where no text was given."""

    message: str
    line: int
    pointer: Pointer


def validate(document: Record | object, kind: RecordKind | str = "", line_of: LineOf | bytes | None = None) -> list[SchemaProblem]:
    """What is wrong with a document of a kind, in the order of the file; nothing, nearly always.

    A Record brings its kind and lines along. For plain data give the schema's name (`case` … `plaint`, `sealed/report`) and, if lines
    matter, the text it was read from or a function from a path of keys and indexes to a line.
    """
    if isinstance(document, Record):
        kind, line_of, document = kind or document.kind, line_of or document.line_of, document.raw
    name = str(kind)
    if _compiled(name).is_valid(document):
        return []
    if isinstance(line_of, bytes):
        line_of = partial(_line_in, positions(line_of))
    found: dict[tuple[Pointer, str], SchemaProblem] = {}
    for pointer, message in _reasons(name, document):
        line = line_of(pointer) if line_of else 0
        found.setdefault((pointer, message), SchemaProblem(message, line, pointer))
    return sorted(found.values(), key=lambda problem: problem.line)


def validate_sealed(body: object, compartment: str, event_kind: str, line_of: LineOf | bytes | None = None) -> list[SchemaProblem]:
    """What is wrong with the body sealed for a compartment with an event; some events ask for more than their compartment does."""
    special = (f"sealed/{compartment}.{event_kind}", f"sealed/{event_kind}")
    name = next((name for name in special if name in schema_names()), f"sealed/{compartment}")
    return validate(body, name, line_of)


def check_record(record: Record) -> None:
    """InputError for the first problem of a record, at its line."""
    _refuse(validate(record), record.path)


def check_document(document: object, kind: RecordKind | str, data: bytes, path: str) -> None:
    """InputError for the first problem of plain data that was read from `data`, at its line."""
    _refuse(validate(document, kind, data), path)


def check_sealed(body: object, compartment: str, event_kind: str) -> None:
    """InputError for the first problem of a body that is to be sealed, or was opened."""
    _refuse(validate_sealed(body, compartment, event_kind), compartment)


def _refuse(problems: list[SchemaProblem], path: str) -> None:
    if not problems:
        return
    first, *rest = problems
    more = ngettext("there is one more problem", "there are {n} more problems", len(rest)).format(n=len(rest)) if rest else ""
    raise InputError(first.message, where=f"{path}:{first.line}" if first.line else path, hint=more)


@cache
def schema_names() -> frozenset[str]:
    """The names of all schemas, those of sealed bodies as `sealed/NAME`."""
    folder = _folder()
    return frozenset(
        prefix + file.name.removesuffix(".schema.json")
        for prefix, place in (("", folder), ("sealed/", folder / "sealed"))
        for file in place.iterdir()
        if file.name.endswith(".schema.json")
    )


def schema_text(name: str) -> str:
    """The text of a schema; KeyError for a name that is none."""
    if name not in schema_names():
        raise KeyError(name)
    return _folder().joinpath(*f"{name}.schema.json".split("/")).read_text("utf-8")


def schema_files() -> dict[str, bytes]:
    """The schemas as files of a repository's `schemas/` folder: `case.schema.json`, `sealed/report.schema.json` and so on."""
    return {f"{name}.schema.json": schema_text(name).encode() for name in sorted(schema_names())}


def _folder() -> Path:
    packaged = Path(__file__).parents[1] / "schemas"  # importlib.resources would cost every command 10 ms
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "schemas"


@cache
def _schema(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(name))
    return schema


@cache
def _compiled(name: str) -> Any:
    import decimal  # noqa: F401 - jsonschema_rs imports these itself, and panics if Ctrl-C comes just then
    import enum  # noqa: F401

    from jsonschema_rs import Draft202012Validator as Compiled

    return Compiled(_schema(name), validate_formats=True)


@cache
def _explainer(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checks("date", raises=ValueError)(_is_date)
    formats.checks("date-time", raises=ValueError)(_is_time)
    return Draft202012Validator(_schema(name), format_checker=formats)


def _is_date(value: object) -> bool:
    from datetime import date

    return not isinstance(value, str) or bool(date.fromisoformat(value))


def _is_time(value: object) -> bool:
    from datetime import datetime

    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() is not None


def _line_in(lines: Mapping[Pointer, int], pointer: Pointer) -> int:
    while pointer not in lines:
        pointer = pointer[:-1]
    return lines[pointer]


def _reasons(name: str, document: object) -> Iterator[tuple[Pointer, str]]:
    """Where and what is wrong; if the two validators disagree, the compiled one is right and its words are taken."""
    silent = True
    for error in _explainer(name).iter_errors(document):
        for reason in _in_words(error, name):
            silent = False
            yield reason
    if silent:
        for problem in _compiled(name).iter_errors(document):
            pointer = tuple(problem.instance_path)
            yield pointer, _at(pointer, _("{key} is not what the schema asks for"))


def _in_words(error: ValidationError, kind: str) -> Iterator[tuple[Pointer, str]]:
    pointer: Pointer = tuple(error.absolute_path)
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    rule = error.validator
    value: Any = error.validator_value
    instance: Any = error.instance
    if rule == "required":
        for key in value:
            if key not in instance:
                yield pointer, _("`{key}` is missing").format(key=key)
    elif rule == "additionalProperties":
        known = schema.get("properties", {})
        for key in instance:
            if key not in known:
                yield (*pointer, key), _unknown(key, kind, fields="fields" in known)
    elif "propertyNames" in error.absolute_schema_path:
        form = _forms().get(str(schema.get("title", "")), _("a short name"))
        yield (*pointer, instance), _("the key `{key}` must be {form}").format(key=_shown(instance), form=form)
    elif rule == "not":
        yield pointer, _at(pointer, _("{key} is not allowed with this step or kind"))
    elif rule in {"const", "enum"}:
        allowed = ", ".join(str(word) for word in (value if rule == "enum" else [value]))
        yield pointer, _at(pointer, _("{key} is `{value}`: it may be {allowed}"), value=_shown(instance), allowed=allowed)
    elif rule == "anyOf":
        keys = ", ".join(f"`{key}`" for option in value for key in option.get("required", ()))
        yield pointer, _("at least one of {keys} is needed").format(keys=keys)
    else:
        yield pointer, _at(pointer, _form(str(rule), value, schema))


def _unknown(key: str, kind: str, *, fields: bool) -> str:
    if kind in _CODES_ONLY:
        return _("unknown key `{key}`: free text is not allowed in the open part").format(key=_shown(key))
    if fields:
        return _("unknown key `{key}`: put it under `fields`, or in the note").format(key=_shown(key))
    return _("unknown key `{key}`").format(key=_shown(key))


def _form(rule: str, value: Any, schema: Mapping[str, Any]) -> str:
    """A sentence with {key} for what a value should be."""
    sentences = {
        "minItems": _("{key} must hold at least {n}"),
        "maxItems": _("{key} must hold at most {n}"),
        "minProperties": _("{key} must hold at least {n}"),
        "maxProperties": _("{key} must hold at most {n}"),
        "uniqueItems": _("{key} holds the same thing twice"),
        "minimum": _("{key} must be at least {n}"),
        "maximum": _("{key} must be at most {n}"),
        "minLength": _("{key} must not be empty"),
    }
    if rule in sentences:
        return sentences[rule].replace("{n}", str(value))
    form = _forms().get(str(schema.get("title", "")))
    if form:
        return _("{key} must be {form}").replace("{form}", form)
    if rule == "maxLength":
        return _("{key} must be at most {n} characters long").replace("{n}", str(value))
    types = {
        "object": _("a group of keys"),
        "array": _("a list"),
        "string": _("text; quote it"),
        "integer": _("a whole number"),
    }
    return _("{key} must be {form}").replace("{form}", types.get(str(schema.get("type", "")), _("of another form")))


def _forms() -> dict[str, str]:
    """The forms of single values by the `title` of their schema."""
    return {
        "case id": _("a case id such as Q7M4-K2XD"),
        "event id": _("an event id such as h7q2m0xv"),
        "member id": _("a member id such as li.wei"),
        "word": _("a word of the policy in small letters, such as out-of-scope"),
        "time": _("a time with its offset, such as '2026-11-20T09:12:00+08:00'"),
        "date": _("a date such as '2026-11-20'"),
        "period": _("a period such as '2026', 2026-H1, 2026-Q3 or 2026-11"),
        "SHA-256": _("a SHA-256 of 64 hexadecimal digits"),
        "source hash": _("a hash of 32 hexadecimal digits"),
        "measure id": _("a measure id such as m1"),
        "age recipient": _("an age recipient (age1…)"),
        "signing key": _("an SSH key without comment (ssh-ed25519 AAAA…)"),
        "sealed text": _("an armoured age file; plain text must not stand here"),
        "revision": _("a revision number such as 1"),
        "duration": _("a duration such as 7 working days"),
        "address": _("a mail address such as li.wei@example.org"),
        "host": _("the name of a mail server, such as mail.example.org"),
        "span": _("so many hours or days, such as 8 hours"),
        "days": _("so many days, such as 7 days"),
        "event name": _("the name of an event, such as close or dispose:confirm"),
        "country": _("a country code such as CN or DE-BE"),
        "time zone": _("a time zone such as Asia/Shanghai"),
        "padding": _("dots only"),
        "record id": _("a case id such as Q7M4-K2XD"),
    }


def _at(pointer: Pointer, sentence: str, **values: str) -> str:
    """The sentence with the nearest key for {key}."""
    key = next((part for part in reversed(pointer) if isinstance(part, str)), "")
    name = f"`{_shown(key)}`" if key else _("the document")
    return sentence.format(key=name, **values)


def _shown(value: object) -> str:
    """A value short and plain enough to be repeated in a message; anything else could be somebody's words."""
    text = str(value)
    return text if _SHOWABLE(text) else "…"
