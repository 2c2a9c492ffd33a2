"""The Chinese of plaint and of click: whole, current, compiled; and no words for people outside `_()`."""

from __future__ import annotations

import ast
import gettext
import re
import string
import time
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import click
import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from plaint import errors, i18n
from plaint.check.rules import families, rules
from plaint.cli.group import plaint
from plaint.i18n import _, language, language_of_environment, set_language

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tools" / "plaint"
CHINESE = SOURCE / "locale" / "zh" / "LC_MESSAGES"
HAN = re.compile(r"[\u4e00-\u9fff]")
SAME = {"git fetch --unshallow", "chmod 600 {file}", "%(prog)s, version %(version)s"}
"""What may stand in Chinese as it does in English: commands to type."""
UPDATE = "babel.cfg says how the catalogues are brought up to date and compiled"


@pytest.fixture(autouse=True)
def _english_again():
    yield
    set_language("en")


def catalogue(domain: str) -> Catalog:
    with (CHINESE / f"{domain}.po").open("rb") as file:
        return read_po(file)


def messages(domain: str) -> list[Message]:
    return [message for message in catalogue(domain) if message.id]


EXAMPLES = ("{constant: ", "{li.wei: ")
"""Examples of YAML in messages that are never formatted."""
MESSAGES = {domain: messages(domain) for domain in ("plaint", "messages")}


def forms(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Singular and plural of both sides; the same tuple of one where there is no plural."""
    source = message.id if isinstance(message.id, tuple) else (message.id,)
    target = message.string if isinstance(message.string, tuple) else (message.string,)
    return source, target


def by_babel(folder: Path) -> set[str | tuple[str, ...]]:
    """The msgids that `pybabel extract` finds in a folder."""
    found = extract_from_dir(str(folder), method_map=[("**.py", "python")])
    return {message for _file, _line, message, _comments, _context in found}


def calls(name: str | None = None) -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in the source with the last part of the function's name."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
                if name in {None, called}:
                    yield path.relative_to(SOURCE), node, called


def by_syntax() -> set[str | tuple[str, ...]]:
    """The msgids that stand in calls of `_` and `ngettext`, wherever these are: pybabel does not look into f-strings before Python 3.12."""
    found: set[str | tuple[str, ...]] = set()
    for path, call, name in calls():
        if name not in {"_", "ngettext"} or (path.name == "i18n.py" and isinstance(call.func, ast.Attribute)):
            continue
        words = [ast.literal_eval(argument) for argument in call.args[: 1 if name == "_" else 2]]
        found.add(words[0] if name == "_" else tuple(words))
    return found


# --- the catalogues are whole ----------------------------------------------------------------------------------------------------------


def test_pybabel_finds_every_message():
    assert by_babel(SOURCE) == by_syntax(), "take `_()` out of the f-string: pybabel does not see it there"


def test_babel_cfg_names_the_python_files():
    parser = ConfigParser()
    parser.read(ROOT / "babel.cfg", "utf-8")
    assert parser.sections() == ["python: **.py"]


def test_every_message_is_in_the_catalogue_and_nothing_else():
    known = {message.id for message in MESSAGES["plaint"]}
    wanted = by_syntax()
    assert len(wanted) > 1000
    assert wanted - known == set(), UPDATE
    assert known - wanted == set(), UPDATE


def test_every_word_of_the_installed_click_is_in_the_catalogue():
    known = {message.id for message in MESSAGES["messages"]}
    missing = by_babel(Path(click.__file__).parent) - known
    assert missing == set(), UPDATE


@pytest.mark.parametrize("domain", MESSAGES)
def test_nothing_is_fuzzy_or_obsolete(domain):
    whole = catalogue(domain)
    assert not whole.fuzzy
    assert [m.id for m in whole if m.id and m.fuzzy] == []
    assert list(whole.obsolete) == []


@pytest.mark.parametrize("domain", MESSAGES)
def test_every_message_is_in_chinese(domain):
    for message in MESSAGES[domain]:
        source, target = forms(message)
        assert all(target), f"not translated: {source}"
        programs_name = set(source) <= SAME
        assert programs_name or all(HAN.search(text) or not re.search("[A-Za-z]{2}", re.sub(r"\{[^}]*\}", "", text)) for text in target), (
            f"not Chinese: {target}"
        )


@pytest.mark.parametrize("domain", MESSAGES)
def test_chinese_has_one_form_for_any_number(domain):
    whole = catalogue(domain)
    assert (whole.num_plurals, whole.plural_expr) == (1, "0")
    for message in MESSAGES[domain]:
        source, target = forms(message)
        assert len(target) == 1, source
        assert isinstance(message.string, tuple) == isinstance(message.id, tuple), source


def fields(text: str) -> set[str]:
    """The placeholders of str.format with their conversion, and those of %."""
    named = {f"{name}!{conversion}" if conversion else name for _text, name, _spec, conversion in string.Formatter().parse(text) if name is not None}
    return named | set(re.findall(r"%\(\w+\)s", text))


@pytest.mark.parametrize("domain", MESSAGES)
def test_placeholders_are_the_same(domain):
    for message in MESSAGES[domain]:
        source, target = forms(message)
        if any(example in source[0] for example in EXAMPLES):
            continue
        wanted = fields(source[-1])
        assert fields(target[0]) == wanted, f"{source}: {target}"
        assert fields(source[0]) <= wanted or domain == "messages", source


def test_chinese_messages_can_be_formatted():
    for message in MESSAGES["plaint"]:
        source, target = forms(message)
        names = fields(source[-1]) if not any(example in source[0] for example in EXAMPLES) else set()
        if names:
            assert "{" not in target[0].format(**{name.partition("!")[0]: "x" for name in names if re.fullmatch(r"\w+(!.)?", name)}), target


COMMANDS = "|".join(plaint.list_commands(click.Context(plaint)))
LATIN = re.compile(
    rf"`[^`{{}} ]+`|--[a-z][a-z-]+|PLAINT_[A-Z]+|refs/plaint/\S+?(?=[\s.;,)]|$)|plaint (?:{COMMANDS})(?: (?:add|list|keys|lint|rotate))?(?= |$|[;:,.)])"
)


def test_commands_options_and_codes_stay_as_they_are():
    for message in MESSAGES["plaint"]:
        source, target = forms(message)
        for word in LATIN.findall(source[0]):
            assert word.removesuffix(" list") in target[0], f"{word!r} is missing in {target[0]!r}"


ENDS = {".": "。", "?": "？", ":": "：", "…": "…", ")": "）"}


def test_sentences_end_alike():
    for message in MESSAGES["plaint"]:
        source, target = forms(message)
        end, chinese = source[0].rstrip()[-1:], target[0].rstrip()[-1:]
        if end in ".?":
            assert chinese == ENDS[end], f"{source}: {target}"
        elif end != ")":
            assert chinese not in "。？", f"{source}: {target}"
        blanks = [(len(t) - len(t.lstrip()), len(t) - len(t.rstrip())) for t in (source[0], target[0])]
        assert blanks[0] == blanks[1], f"{source}: {target}"


# --- and compiled ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("domain", MESSAGES)
def test_the_compiled_catalogue_is_current(domain):
    compiled = CHINESE / f"{domain}.mo"
    assert compiled.is_file(), UPDATE
    with compiled.open("rb") as file:
        spoken = {key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key}
    wanted = {(message.id[0], 0) if isinstance(message.id, tuple) else message.id: forms(message)[1][0] for message in MESSAGES[domain]}
    assert spoken == wanted, UPDATE


def test_who_lacks_the_compiled_catalogue_is_told(tmp_path, monkeypatch, capsys, request):
    monkeypatch.setattr(i18n, "LOCALE_DIR", tmp_path)
    i18n._compiled.cache_clear()  # the catalogue is read once a process
    request.addfinalizer(i18n._compiled.cache_clear)
    set_language("zh")
    assert _("The cases, newest last.") == "The cases, newest last."
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "babel.cfg" in said


def test_loading_the_catalogue_is_quick():
    times = []
    for _turn in range(20):
        start = time.perf_counter()
        set_language("zh")
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005


# --- the language in force -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "spoken"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "zh_CN:zh:en"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "de:en:zh"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": ""}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "PLAINT_LANG": "en"}, "en"),
        ({"LANG": "en_US.UTF-8", "PLAINT_LANG": "zh"}, "zh"),
    ],
)
def test_the_language_of_the_environment(environment, spoken, monkeypatch):
    for name in ("PLAINT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language_of_environment() == spoken


def test_an_unknown_language_is_english():
    set_language("fr")
    assert language() == "en"


def test_numbers_lists_and_errors_follow_the_language():
    error = errors.InputError("x", where="plaint.yaml:3", hint="y")
    assert (str(error), i18n.listed("ab"), i18n.ngettext("{n} day", "{n} days", 1)) == ("plaint.yaml:3: x. y", "a, b", "{n} day")
    assert i18n.reason(FileNotFoundError(2, "No such file or directory")) == "No such file or directory"
    set_language("zh")
    assert (str(error), i18n.listed("ab"), i18n.ngettext("{n} day", "{n} days", 1)) == ("plaint.yaml:3：x。y", "a、b", "{n} 天")
    assert i18n.reason(FileNotFoundError(2, "No such file or directory")) == "没有该文件或文件夹"


def test_click_speaks_the_same_language():
    context = click.Context(click.Command("x"), info_name="x")
    set_language("zh")
    assert context.get_usage().startswith("用法：")
    set_language("en")
    assert context.get_usage().startswith("Usage:")


def test_rules_are_explained_in_both_languages():
    english, letters = dict(rules()), families()
    set_language("zh")
    assert set(rules()) == set(english)
    assert len(english) > 60
    for code, rule in rules().items():
        assert (rule.code, rule.severity) == (code, english[code].severity)
        for part in ("title", "explanation", "remedy"):
            assert getattr(rule, part) != getattr(english[code], part)
            assert HAN.search(getattr(rule, part)), f"{code}: {getattr(rule, part)}"
            assert not HAN.search(getattr(english[code], part))
    assert all(HAN.search(title) and title != letters[letter] for letter, title in families().items())


# --- no words for people outside `_()` -------------------------------------------------------------------------------------------------

FAULTS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.PlaintError)}
ASKING = {"ask", "ask_optional", "ask_yes", "ask_word", "ask_words", "ask_time", "ask_text", "ask_passphrase", "prompt", "confirm"}
POSITIONAL = {"echo": 1, "secho": 1, "section": 1, "table": 2, "tell": 1, "Refusal": 2, "SchemaProblem": 1, **dict.fromkeys(ASKING | FAULTS, 1)}
"""The calls whose first arguments people read."""
KEYWORDS = {"help", "short_help", "epilog", "hint", "label", "what"}
ALLOWED = {
    "plaint member approve ",  # a command to copy
    "plaint show ",
    "plaint review begin ",
    "plaint review show ",
    "findings: …",  # YAML to write
    "channel*category",
    "CSV",
    "JSON",
    "plaint: ",  # who speaks, before every error
    "policy: ",  # a line of YAML to write
    'plaint member add --signing-key "" --recipient --role …',  # a command to copy
}


def spoken(node: ast.expr) -> Iterator[str]:
    """The literal text in an expression that is not looked up."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(part.value for part in parts if isinstance(part, ast.Constant))
        case ast.BinOp(left=left, right=right):
            yield from (*spoken(left), *spoken(right))
        case ast.IfExp(body=body, orelse=other):
            yield from (*spoken(body), *spoken(other))
        case ast.BoolOp(values=parts) | ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from spoken(part)
        case ast.Call(func=ast.Attribute(attr="format" | "replace", value=inner)):
            yield from spoken(inner)
        case ast.Call(func=ast.Attribute(attr="style"), args=[first, *_others]):
            yield from spoken(first)
        case _:
            return


def untranslated() -> Iterator[str]:
    for path, call, name in calls():
        arguments = [*call.args[: POSITIONAL.get(name, 0)], *(k.value for k in call.keywords if k.arg in KEYWORDS)]
        for text in (text for argument in arguments for text in spoken(argument)):
            if re.search("[A-Za-z]{2}|[\u4e00-\u9fff]", text) and " ".join(text.split()) not in {" ".join(a.split()) for a in ALLOWED}:
                yield f"{path}:{call.lineno}: {text!r}"


def test_no_words_for_people_stand_outside_gettext():
    assert list(untranslated()) == []


def test_the_search_for_words_finds_them():
    bad = 'click.echo(f"{n} cases" if n else "none"); raise UsageError("no " + name, hint="try {x}".format(x=1))'
    found = [
        text for node in ast.walk(ast.parse(bad)) if isinstance(node, ast.Call) for a in [*node.args, *(k.value for k in node.keywords)] for text in spoken(a)
    ]
    assert {" cases", "none", "no ", "try {x}"} <= set(found)
