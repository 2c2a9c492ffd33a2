"""Family S: is each file where it belongs, readable, canonical, and as its schema wants it?

Whatever stands in the folders of records is looked at once. What passes comes out as a record; what does not has been reported, and only
then is it asked more closely what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from plaint.check.findings import Collector
from plaint.check.sealing import SEALED_MAGIC
from plaint.check.snapshot import Item, Snapshot, What
from plaint.errors import InputError, with_hint
from plaint.i18n import _
from plaint.model.record import Record, RecordKind, parse
from plaint.model.schema import SchemaProblem, schema_files, validate
from plaint.model.yamlio import load_yaml
from plaint.seal.armour import BEGIN
from plaint.store.lfs import parse_pointer
from plaint.store.worktree import POINTER

FOLDERS = {
    RecordKind.MEMBER: ("members", re.compile(r"members/([^/]+)\.yaml")),
    RecordKind.POLICY: ("policy", re.compile(r"policy/([^/]+)\.yaml")),
    RecordKind.CASE: ("cases", re.compile(r"cases/[0-9]{4}/([^/]+)\.yaml")),
    RecordKind.REVIEW: ("reviews", re.compile(r"reviews/([^/]+)\.yaml")),
    RecordKind.RELEASE: ("releases", re.compile(r"releases/([^/]+)\.yaml")),
}
_EVIDENCE = re.compile(r"(cases/[0-9]{4}/[^/]+)/[^/]+")
_KEPT = ".gitkeep"
_WHERE = re.compile(r"(.*?):([0-9]+)")


def record_files(snapshot: Snapshot, kind: RecordKind, found: Collector) -> list[Item]:
    """The files of a kind of record; reports whatever else lies in its folder."""
    folder, pattern = FOLDERS[kind]
    items = snapshot.items(folder)
    paths = {item.path for item in items}
    records, beside = [], []
    alike: dict[str, str] = {}
    for item in items:
        path = item.path
        if (other := alike.setdefault(path.casefold(), path)) != path:
            found.add("S205", path, _("its name differs from {other} only in capital letters").format(other=other), line=1)
        if item.what not in {What.FILE, What.GONE}:
            found.add("S204", path, _("this is a symbolic link") if item.what is What.LINK else _("this is not a plain file"))
        elif pattern.fullmatch(path):
            records.append(item)
            if item.what is What.GONE:  # one that was changed is judged as it lies there
                _tell_adrift(item, found)
        elif kind is RecordKind.CASE and (match := _EVIDENCE.fullmatch(path)) and f"{match[1]}.yaml" in paths:
            beside.append(item)
            if item.restore:
                _tell_adrift(item, found)
        elif path.rsplit("/", 1)[-1] != _KEPT:
            found.add("S201", path, _("{kind} records have names such as {form}").format(kind=kind.value, form=_form(kind)))
    for item, data in zip(beside, snapshot.beginnings(beside), strict=True):
        pointer = parse_pointer(data) if item.path.endswith(POINTER) else None
        if not data.startswith((SEALED_MAGIC, BEGIN.encode())) and not pointer:
            found.add("K102", item.path, _("this file beside a case is not encrypted"))
    return records


def _tell_adrift(item: Item, found: Collector) -> None:
    if item.what is What.GONE:
        message = _("this file is missing here, and git has it: {command} brings it back")
    else:
        message = _("this file is not as it was committed: {command} brings that back")
    found.add("S210", item.path, message.format(command=item.restore))


def _form(kind: RecordKind) -> str:
    return {
        RecordKind.CASE: "cases/2026/Q7M4-K2XD.yaml",
        RecordKind.MEMBER: "members/li.wei.yaml",
        RecordKind.POLICY: "policy/1.yaml",
        RecordKind.REVIEW: "reviews/2026-H1.yaml",
        RecordKind.RELEASE: "releases/2026-Q1.yaml",
    }[kind]


def read_records(snapshot: Snapshot, items: Sequence[Item], kind: RecordKind, found: Collector) -> Iterator[Record]:
    """The records in the files, one at a time; a file that is none, or does not fit its schema, is reported and left out."""
    for item, data in zip(items, snapshot.contents(items), strict=True):
        record = read_record(data, item.path, kind, found)
        if record is not None:
            yield record


def read_record(data: bytes, path: str, kind: RecordKind, found: Collector) -> Record | None:
    """The record in a file's bytes, or None after reporting why there is none."""
    try:
        record = parse(data, path)
    except InputError as error:
        _report_unreadable(data, path, kind, error, found)
        return None
    if record.kind is not kind:
        found.add("S206", path, _("this is a {found} record, in the folder of {kind} records").format(found=record.kind.value, kind=kind.value), line=1)
        return None
    problems = validate(record)
    whole = not problems or _report_problems(problems, path, record, found)
    _check_place(record, path, found)
    return record if whole else None


def _check_place(record: Record, path: str, found: Collector) -> None:
    name = path[path.rindex("/") + 1 : -len(".yaml")]
    if name != record.id:
        line = record.line_of((record.kind.value,))
        if name.casefold() == record.id.casefold():
            message = _("the file is named {name}, and the id is {id}: they differ in capital letters").format(name=name, id=record.id)
        else:
            message = _("the file is named {name}, and the id in it is {id}").format(name=name, id=record.id)
        found.add("S202", path, message, line=line)
    if record.kind is RecordKind.CASE:
        year = record.events[0].at.year
        if path.split("/")[1] != f"{year:04}":
            message = _("the case was received in {year}, so it belongs in cases/{year}").format(year=year)
            found.add("S203", path, message, line=record.events[0].line, event=record.events[0].id)


def _report_unreadable(data: bytes, path: str, kind: RecordKind, error: InputError, found: Collector) -> None:
    """Tells a file that no YAML reader should read from one that is no record, and that from one that is only written otherwise."""
    where = _WHERE.fullmatch(error.where)
    line = int(where[2]) if where else 1
    message = with_hint(error.what, error.hint) if error.hint else error.what
    try:
        document = load_yaml(data, path)
    except InputError:
        found.add("S101", path, message, line=line)
        return
    problems = validate(document, kind, data)
    if problems:
        _report_problems(problems, path, None, found)
    else:
        found.add("S103", path, message, line=line)


def _report_problems(problems: Sequence[SchemaProblem], path: str, record: Record | None, found: Collector) -> bool:
    """Reports what the schema refuses; whether it is only about sealed texts and seals, so that the course can still be followed."""
    followed = True
    for problem in problems:
        pointer = problem.pointer
        event = record.events[pointer[1]] if record and len(pointer) > 1 and pointer[0] == "events" and isinstance(pointer[1], int) else None
        code = "S102"
        if event and len(pointer) == 4 and pointer[2] == "sealed":
            text = event.sealed.get(str(pointer[3]), "")
            code = "K101" if text.startswith(BEGIN.strip()) else "K102"
        elif len(pointer) == 2 and pointer[0] == "seals":
            code = "K104"
        followed = followed and code != "S102"
        found.add(code, path, problem.message, line=problem.line or 1, event=event.id if event else None)
    return followed


def check_schemas(snapshot: Snapshot, found: Collector) -> None:
    """Whether the folder schemas/ is what this plaint would write."""
    items = {item.path.removeprefix("schemas/"): item for item in snapshot.items("schemas")}
    known = schema_files()
    there = [name for name in known if name in items and items[name].what is What.FILE]
    wrong = {name: _("this schema is missing") for name in known if name not in there}
    for name, data in zip(there, snapshot.contents([items[n] for n in there]), strict=True):
        if data.replace(b"\r\n", b"\n") != known[name]:
            wrong[name] = _("this schema differs from the one that this plaint brings")
    adrift = [name for name in wrong if name in items and items[name].restore]
    committed = _contents(snapshot.then(snapshot.head or ""), "schemas") if adrift else {}
    for name, message in wrong.items():
        if name in adrift and committed.get(f"schemas/{name}") == known[name]:
            _tell_adrift(items[name], found)
        else:
            found.add("S301", f"schemas/{name}", message, line=1 if name in there else None)


def _contents(commit: Snapshot | None, folder: str) -> dict[str, bytes]:
    items = [item for item in commit.items(folder) if item.what is What.FILE] if commit else []
    return {item.path: data for item, data in zip(items, commit.contents(items), strict=True)} if commit else {}
