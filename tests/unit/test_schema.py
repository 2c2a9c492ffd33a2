"""The schemas accept what is well formed, refuse what is not, and say why on the right line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plaint.errors import InputError
from plaint.model.record import RecordKind, parse
from plaint.model.schema import (
    SchemaProblem,
    check_document,
    check_record,
    check_sealed,
    schema_files,
    schema_names,
    schema_text,
    validate,
    validate_sealed,
)
from plaint.model.yamlio import load_yaml

FIXTURES = Path(__file__).parents[1] / "fixtures"
VALID = sorted((FIXTURES / "valid").glob("*/*.yaml"))
MALFORMED = sorted((FIXTURES / "malformed").glob("*/*.yaml"))
WRONG_FORM = [file for file in MALFORMED if file.name.startswith("form-")]
WRONG_CONTENT = [file for file in MALFORMED if not file.name.startswith("form-")]
RECORDS = frozenset(RecordKind)


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def _schema_of(file: Path) -> str:
    return file.parent.name.replace("sealed.", "sealed/", 1)


def _problems(file: Path) -> list[SchemaProblem]:
    """As plaint reads it: a record through `parse`, anything else as plain data."""
    data, schema = file.read_bytes(), _schema_of(file)
    if schema in RECORDS:
        record = parse(data, file.name)
        assert record.kind == schema
        return validate(record)
    return validate(load_yaml(data, file.name), schema, data)


@pytest.mark.parametrize("file", VALID, ids=_name)
def test_well_formed_is_accepted(file: Path) -> None:
    assert _problems(file) == []


@pytest.mark.parametrize("file", WRONG_CONTENT, ids=_name)
def test_malformed_has_one_problem_with_its_line(file: Path) -> None:
    problems = _problems(file)
    assert len(problems) == 1, problems
    lines = file.read_text("utf-8").count("\n")
    assert 1 <= problems[0].line <= lines


@pytest.mark.parametrize("file", WRONG_FORM, ids=_name)
def test_wrong_form_is_refused_with_its_line(file: Path) -> None:
    with pytest.raises(InputError) as caught:
        parse(file.read_bytes(), "here.yaml")
    assert caught.value.where.startswith("here.yaml:")


def test_there_are_enough_malformed_files() -> None:
    assert len(MALFORMED) >= 45


@pytest.mark.parametrize("name", sorted(schema_names()))
def test_each_schema_is_closed_self_contained_and_sound(name: str) -> None:
    from jsonschema import Draft202012Validator

    schema = json.loads(schema_text(name))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"].startswith("urn:plaint:schema:")
    assert schema["additionalProperties"] is False
    for part in _objects(schema):
        reference = part.get("$ref")
        assert reference is None or str(reference).removeprefix("#/$defs/") in schema["$defs"], part
        if "properties" in part and part.get("type") == "object" and "allOf" not in part:
            assert "additionalProperties" in part, part


def _objects(part: object) -> list[dict[str, object]]:
    if isinstance(part, dict):
        return [part, *(found for value in part.values() for found in _objects(value))]
    if isinstance(part, list):
        return [found for value in part for found in _objects(value)]
    return []


@pytest.mark.parametrize("file", [*VALID, *WRONG_CONTENT], ids=_name)
def test_both_validators_agree(file: Path) -> None:
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema_rs import Draft202012Validator as Compiled

    schema = json.loads(schema_text(_schema_of(file)))
    document = load_yaml(file.read_bytes(), file.name)
    slow = Draft202012Validator(schema, format_checker=FormatChecker(["date"])).is_valid(document)
    if file.stem != "extend-until-no-such-day":  # `date-time` needs a checker that the generic validator lacks
        assert slow is Compiled(schema, validate_formats=True).is_valid(document)


@pytest.mark.long
def test_another_validator_reads_the_files_as_they_are() -> None:
    for kind in sorted({file.parent.name for file in VALID}):
        schema = Path(__file__).parents[2] / "schemas" / f"{kind.replace('sealed.', 'sealed/', 1)}.schema.json"
        files = [str(file) for file in VALID if file.parent.name == kind]
        command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_presets_are_policies() -> None:
    for preset in (Path(__file__).parents[2] / "tools/plaint/presets").glob("*.yaml"):
        data = preset.read_bytes()
        assert validate(load_yaml(data, preset.name), "policy", data) == []


def _case(name: str) -> list[SchemaProblem]:
    return _problems(FIXTURES / "malformed" / "case" / f"{name}.yaml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("channel-missing", "`channel` is missing"),
        ("name-in-the-open", "unknown key `name`: free text is not allowed in the open part"),
        ("channel-free-text", "`channel` must be a word of the policy in small letters, such as out-of-scope"),
        ("result-unknown", "`result` is `maybe`: it may be delivered, unreachable"),
        ("sealed-plain-text", "`report` must be an armoured age file; plain text must not stand here"),
        ("disclose-grant-without-request", "`request` is missing"),
        ("disclose-refuse-with-keyring", "`keyring` is not allowed with this step or kind"),
        ("measure-due-no-such-day", "`due` must be a date such as '2026-11-20'"),
        ("unknown-header-key", "unknown key `title`: free text is not allowed in the open part"),
        ("team-twice-the-same", "`team` holds the same thing twice"),
        ("team-not-a-list", "`team` must be a list"),
    ],
)
def test_messages_are_plain_words(name: str, message: str) -> None:
    assert [problem.message for problem in _case(name)] == [message]


def test_a_message_never_repeats_free_text() -> None:
    for name in ("sealed-plain-text", "channel-free-text", "free-text-note", "link-to-itself-by-title"):
        assert not any(word in problem.message for problem in _case(name) for word in ("Wang", "evening", "upset", "other one"))


def test_the_line_is_that_of_the_value() -> None:
    text = (FIXTURES / "malformed/case/reason-upper-case.yaml").read_text()
    [problem] = _case("reason-upper-case")
    assert "Out-Of-Scope" in text.splitlines()[problem.line - 1]
    assert problem.pointer == ("events", 1, "reason")


def test_every_problem_is_told() -> None:
    found = validate({"plaint": 2, "title": "x"}, "plaint")
    assert {problem.message.split(":")[0] for problem in found} >= {"`name` is missing", "unknown key `title`", "`plaint` is `2`"}


def test_sealed_bodies_by_event() -> None:
    assert validate_sealed({"note": "x"}, "inquiry", "assign") == []
    assert [p.message for p in validate_sealed({"course": "x", "findings": "y"}, "inquiry", "conclude")] == ["`recommendation` is missing"]
    assert validate_sealed({"name": "x"}, "report", "receive")[0].message == "unknown key `name`: put it under `fields`, or in the note"


def test_every_body_may_say_who_is_excluded() -> None:
    for compartment in ("identity", "report", "inquiry", "reporter"):
        check_sealed({"excluded": []}, compartment, "receive")


def test_checks_refuse_with_the_place() -> None:
    data = (FIXTURES / "malformed/case/channel-missing.yaml").read_bytes()
    with pytest.raises(InputError) as caught:
        check_record(parse(data, "cases/2026/Q7M4-K2XD.yaml"))
    assert str(caught.value) == "cases/2026/Q7M4-K2XD.yaml:9: `channel` is missing"
    with pytest.raises(InputError) as caught:
        check_document({"plaint": 1}, "plaint", b"plaint: 1\n", "plaint.yaml")
    assert str(caught.value) == "plaint.yaml:1: `name` is missing. there are 3 more problems"
    with pytest.raises(InputError) as caught:
        check_sealed({"note": 1}, "report", "receive")
    assert caught.value.where == "report"


def test_schema_files_are_the_repositorys() -> None:
    folder = Path(__file__).parents[2] / "schemas"
    assert schema_files() == {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*.json")}


def test_an_unknown_schema_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        schema_text("../pyproject")


def test_the_good_path_does_not_import_the_slow_validator() -> None:
    code = (
        "import sys; from plaint.model.schema import validate_sealed; assert not validate_sealed({'note': 'x'}, 'report', 'receive'); "
        "assert 'jsonschema' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
