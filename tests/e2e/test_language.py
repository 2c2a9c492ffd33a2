"""plaint in Chinese, as installed: by option, variable and locale; every command's help, what it prints, how it refuses; and what stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import click
import pytest
from conftest import NOW, Plaint

from plaint.cli.group import plaint

HAN = re.compile(r"[\u4e00-\u9fff]")
CHINESE = {"LANG": "zh_CN.UTF-8"}

# --- a search for English --------------------------------------------------------------------------------------------------------------

CODES = re.compile(
    r"""`[^`]*` | '[^']*'                       # what is quoted is to be typed
      | --?[A-Za-z][\w-]*                       # options
      | \[[^\]\s]*\|[^\]\s]*\]                  # their words
      | \b[a-z]+(?:-[a-z]+)+\b                  # codes of two words
      | \S*[\d./_=@:|…]\S*                      # ids, times, paths, addresses, codes with their values
      | \b[A-Z][A-Z0-9_]+\b                     # placeholders, and names such as YAML
      | \b(?:git|plaint|ssh-keygen|age)\b(?:\ [a-z][a-z-]+){0,2}  # commands
    """,
    re.VERBOSE,
)
SMALL_WORDS = "a an and are as be by for from has have if in is it no not of on or that the this to was what which who with".split()
ENGLISH = re.compile(
    rf"""\b(?:{"|".join(SMALL_WORDS)})\b(?![-.])  # a word that no code is
       | \b[A-Z][a-z]+\b                          # a sentence, a heading
       | [A-Za-z]{{2,}}(?:[ ][A-Za-z]{{2,}}){{2}} # three words in a row
    """,
    re.VERBOSE,
)
NAMES = re.compile(r"\b(?:Ctrl|Bash|Git|Asia|Shanghai|Markdown|Word)\b")


def english(text: str) -> list[str]:
    """The lines with English in them, beyond codes, commands and options."""
    return [line for line in text.splitlines() if ENGLISH.search(NAMES.sub(" ", CODES.sub(" · ", line)))]


def commands() -> Iterator[tuple[str, ...]]:
    """Every command and subcommand."""
    context = click.Context(plaint)
    yield ()
    for name in plaint.list_commands(context):
        yield (name,)
        command = plaint.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, sub) for sub in command.list_commands(click.Context(command)))


COMMANDS = list(commands())


# --- help ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_is_in_chinese(command, demo_once: Plaint):
    text = demo_once.good("--lang", "zh", *command, "--help")
    assert text.startswith("用法：")
    assert "选项" in text
    assert english(text) == []


@pytest.mark.parametrize("command", [(), ("register",), ("member", "add"), ("check",)], ids=" ".join)
def test_the_search_for_english_finds_it(command, demo_once: Plaint):
    lines = [line for line in demo_once.good("--lang", "en", *command, "--help").splitlines()[1:] if re.search("[a-z]{3} [a-z]{2}", line)]
    assert len(lines) >= 6
    found = english("\n".join(lines))
    assert len(found) / len(lines) > 0.85, [line for line in lines if line not in found]


# --- which language --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "environment", "chinese"),
    [
        (("--lang", "zh", "list"), {}, True),
        (("list", "--lang", "zh"), {}, True),
        (("list",), {"PLAINT_LANG": "zh"}, True),
        (("list",), {"LANG": "zh_CN.UTF-8"}, True),
        (("list",), {"LC_ALL": "zh_CN.UTF-8", "LANG": "de_DE.UTF-8"}, True),
        (("list",), {"LANGUAGE": "zh_CN:en"}, True),
        (("list",), {}, False),
        (("list", "--lang", "en"), {"LANG": "zh_CN.UTF-8"}, False),
        (("--lang", "en", "list"), {"PLAINT_LANG": "zh", "LANGUAGE": "zh"}, False),
        (("list",), {"PLAINT_LANG": "en", "LANG": "zh_CN.UTF-8"}, False),
    ],
)
def test_the_language_is_chosen(arguments, environment, chinese, demo_once: Plaint):
    printed = demo_once.good(*arguments, env=environment)
    assert ("登记时间" in printed, "received" in printed) == (chinese, not chinese)
    words = demo_once.good(*arguments, "--help", env=environment)  # click's own words
    assert ("用法" in words, "Usage" in words) == (chinese, not chinese)


# --- what is printed -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [NOW, "2031-03-01T09:00+08:00"], ids=["now", "years-later"])
def test_what_is_due_is_told_in_chinese(now, demo_once: Plaint):
    case = demo_once.cases()[-1]["case"]
    for arguments in (
        ("todo",),
        ("todo", "--all"),
        ("list",),
        ("show", case),
        ("log", case),
        ("due", "--policy", "house", "--clock", "feedback", "--start", NOW),
    ):
        done = demo_once.run(*arguments, env=CHINESE, now=now)
        assert done.returncode == 0, done.stderr
        assert HAN.search(done.stdout + done.stderr)
        assert english(done.stdout + done.stderr) == [], arguments


def test_cases_are_shown_in_chinese(demo_once: Plaint):
    for case in demo_once.cases()[:3]:
        assert english(demo_once.good("show", case["case"], env=CHINESE)) == []


@pytest.mark.parametrize("arguments", ["member list", "policy show", "policy show --diagram text", "policy lint", "explain", "doctor"])
def test_the_organisation_is_shown_in_chinese(arguments, demo_once: Plaint):
    printed = demo_once.good(*arguments.split(), env=CHINESE, member="li.wei")
    assert HAN.search(printed)
    assert english(printed) == []


def test_every_rule_is_explained_in_chinese(demo_once: Plaint):
    found = demo_once.data("explain", env=CHINESE)
    for rule in found:
        for part in ("title", "explanation", "remedy"):
            assert HAN.search(rule[part]), rule
    assert english(demo_once.good("explain", found[0]["rule"], env=CHINESE)) == []


@pytest.fixture(scope="module")
def broken(demo_once: Plaint, tmp_path_factory: pytest.TempPathFactory) -> Plaint:
    """An organisation with many things wrong in it."""
    from conftest import copy_of

    org = copy_of(demo_once, tmp_path_factory.mktemp("broken"))
    cases = sorted((org.folder / "cases").rglob("*.yaml"))
    cases[0].write_text(cases[0].read_text() + "# a comment\n")
    cases[1].write_text(cases[1].read_text().replace("channel: ", "channel: no-", 1))
    cases[2].write_text(cases[2].read_text().replace("-----BEGIN AGE", "-----BEGIN-AGE", 1))
    cases[3].write_text(cases[3].read_text().replace("plaint: 1\n", "plaint: 1\nnote: words\n", 1))
    cases[4].rename(cases[4].with_stem("AAAA-AAAA"))
    (org.folder / "cases" / "notes.txt").write_text("x")
    (org.folder / "members" / "li.wei.yaml").write_bytes(b"\xff\xfe")
    (org.folder / "schemas" / "case.schema.json").unlink()
    for ref in org.git("for-each-ref", "--format=%(refname)", "refs/plaint/keys").split()[:2]:
        org.git("update-ref", "-d", ref)
    return org


def test_findings_are_told_in_chinese(broken: Plaint):
    done = broken.run("check", env=CHINESE, now="2027-06-01T09:00+08:00")
    assert done.returncode == 1
    assert len(re.findall(r"错误 [A-Z]\d{3}", done.stdout)) > 8
    assert english(done.stdout) == []
    assert english(done.stderr) == []


@pytest.mark.parametrize("form", ["github", "sarif"])
def test_findings_for_programs_are_in_chinese_too(form, broken: Plaint):
    english_text, chinese = (broken.run("check", "--format", form, env=env).stdout for env in ({}, CHINESE))
    assert HAN.search(chinese)
    assert not HAN.search(english_text)
    assert re.findall(r"\b[A-Z]\d{3}\b", chinese) == re.findall(r"\b[A-Z]\d{3}\b", english_text)


def test_a_doctor_who_finds_nothing_speaks_chinese(demo_once: Plaint, tmp_path):
    done = demo_once.at(tmp_path).run("doctor", env=CHINESE)
    assert done.returncode == 3
    assert "✗ 仓库" in done.stdout
    assert english(done.stdout) == []


# --- refusals --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("registr", 2, "没有命令"),
        ("register --chanel phone", 2, "没有选项"),
        ("register --channel", 2, "需要 1 个值"),
        ("register --channel smoke --category other --body -", 2, "不在可选项之中"),
        ("register --channel phone --category other --body none.yaml", 2, "没有该文件或文件夹"),
        ("todo --format xml", 2, "值无效"),
        ("todo more", 2, "多余的参数"),
        ("show", 2, "缺少参数"),
        ("show Z9Z9-Z9Z9", 2, "没有案件"),
        ("import x.csv", 2, "缺少选项"),
        ("-C nowhere todo", 2, "文件夹 'nowhere' 不存在"),
        ("--as nobody accept {open}", 2, "不是本机构的成员"),
        ("--as chen.jie accept {closed}", 2, "不能办理"),
        ("explain X999", 2, "没有规则"),
        ("check --rev nothing", 2, "没有提交"),
        ("due --policy house --clock noon --start 2026-11-20", 2, "没有时限"),
        ("due --policy house --clock team --start soon", 2, "不是日期和时间"),
        ("policy show atlantis", 2, "不是文件、预置制度或版次"),
        ("member add x", 2, "缺少选项"),
        ("demo .", 2, "不是空文件夹"),
    ],
)
def test_refusals_are_one_line_in_chinese(arguments, code, words, demo_once: Plaint):
    if "{" in arguments:
        cases = demo_once.cases()
        arguments = arguments.format(open=cases[-1]["case"], closed=next(c["case"] for c in cases if c["state"] == "closed"))
    done = demo_once.run(*arguments.split(), env=CHINESE)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert english(done.stderr) == []


def test_no_repository_is_told_in_chinese(demo_once: Plaint, tmp_path):
    done = demo_once.at(tmp_path).run("todo", env=CHINESE)
    assert (done.returncode, english(done.stderr)) == (3, [])
    assert "git 仓库" in done.stderr


# --- what does not depend on the language ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", ["todo --all", "list", "member list", "policy show", "due --policy house --clock team --start 2026-11-20"])
def test_json_of_codes_is_the_same_in_both_languages(arguments, demo_once: Plaint):
    english_text, chinese = (demo_once.good(*arguments.split(), "--format", "json", env=env) for env in ({}, CHINESE))
    assert json.loads(chinese) == json.loads(english_text)


def test_json_of_a_case_is_the_same_in_both_languages(demo_once: Plaint):
    case = demo_once.cases()[-1]["case"]
    for command in ("show", "log"):
        assert demo_once.data(command, case, env=CHINESE) == demo_once.data(command, case)


def test_findings_have_the_same_codes_in_both_languages(broken: Plaint):
    one, other = (json.loads(broken.run("check", "--format", "json", env=env).stdout) for env in ({}, CHINESE))
    keys = ("rule", "severity", "record", "event", "commit", "line")
    assert [[f[k] for k in keys] for f in one["findings"]] == [[f[k] for k in keys] for f in other["findings"]]
    assert (one["summary"], one["head"]) == (other["summary"], other["head"])
    assert all(HAN.search(f["message"]) and HAN.search(f["remedy"]) for f in other["findings"])


def test_the_doctor_names_things_alike_in_both_languages(demo_once: Plaint):
    one, other = (demo_once.data("doctor", env=env, member="li.wei") for env in ({}, CHINESE))
    assert [(each["what"], each["ok"]) for each in one] == [(each["what"], each["ok"]) for each in other]


def test_what_is_recorded_does_not_tell_the_language(demo: Plaint):
    ids = [
        demo.data("register", "--channel", "phone", "--category", "other", "--body", "-", input="report: {title: x}", member="li.wei", env=env)["case"]
        for env in ({}, CHINESE)
    ]
    messages = [demo.git("log", "-1", "--format=%B", "--", demo.path(case)).replace(case, "CASE") for case in ids]
    assert re.sub(r"Event: \w+", "Event: ID", messages[0]) == re.sub(r"Event: \w+", "Event: ID", messages[1])
    assert not HAN.search(demo.record(ids[1]).decode())
    recorded = demo.good("acknowledge", ids[1], member="li.wei", env=CHINESE)
    assert recorded.startswith(f"案件 {ids[1]}")
    assert english(recorded) == []
