"""The documentation is true: its commands exist and print what it shows, its links lead somewhere, its examples fit the schemas, and the built
site is complete and loads nothing from another host.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import click
import jsonschema
import pytest

from e2e.conftest import Plaint, copy_of, environment
from e2e.walkthrough import DEMO_NOW, FENCE, Command, File, Place, Setting, Walk, steps
from plaint.check.rules import rules
from plaint.cli.group import plaint
from plaint.model.schema import schema_files
from plaint.model.yamlio import load_yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "site" / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
EVERYTHING = [*PAGES, *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))]
REWRITE = bool(os.environ.get("PLAINT_REWRITE_DOCS"))
IN_TWO = [(page, chinese) for page in PAGES if (chinese := page.with_suffix(".zh.md")).exists()]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- in two languages -------------------------------------------------------------------------------------------------------------------------

OWN_WALK = {"quickstart.zh.md", *(f"handbook/{page}.zh.md" for page in ("desk", "evidence", "online"))}
"""Chinese pages that tell it in their own way, and are walked on their own."""
CODE = re.compile(r"(?<![A-Za-z0-9-])[STDKPRA][1-9]\d\d(?![\w-])", re.ASCII)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
HEADING = re.compile(r"^(#+) .*?(\{ #[\w-]+ \})?$", re.MULTILINE)


def differences(page: Path, chinese: Path) -> list[str]:
    """Where the walk of a Chinese page is not that of the English one: places, members, times, files, commands but for words that are said in Chinese,
    how much they print, and the figures and ids in it."""
    one, other = ([s for s in steps(p.read_text(encoding="utf-8")) if s not in LANGUAGES] for p in (page, chinese))
    found = [f"{mine} | {theirs}" for mine, theirs in zip(one, other, strict=False) if not _alike(mine, theirs)]
    return found + ([f"{len(one)} steps and {len(other)}"] if len(one) != len(other) else [])


LANGUAGES = (Setting("PLAINT_LANG", "en"), Setting("PLAINT_LANG", "zh"))


def _alike(mine: object, theirs: object) -> bool:
    match mine, theirs:
        case Command(), Command():
            figures = [sorted(re.findall(r"\d+", each.printed)) for each in (mine, theirs)]
            words = zip(_words(mine.text), _words(theirs.text), strict=False)
            same = len(_words(mine.text)) == len(_words(theirs.text)) and all(a == b or CHINESE.search(b) for a, b in words)
            return same and mine.exit == theirs.exit and mine.printed.count("\n") == theirs.printed.count("\n") and figures[0] == figures[1]
        case File(), File():
            return mine.name == theirs.name
    return mine == theirs


def _words(command: str) -> list[str]:
    return re.split(r"('[^']*')", command)


@pytest.mark.parametrize(("page", "chinese"), [pair for pair in IN_TWO if str(pair[1].relative_to(DOCS)) not in OWN_WALK], ids=lambda p: p.stem)
def test_a_chinese_page_tells_what_the_english_one_does(page: Path, chinese: Path) -> None:
    assert differences(page, chinese) == []
    one, other = (p.read_text(encoding="utf-8") for p in (page, chinese))
    assert [(level, anchor) for level, anchor in HEADING.findall(FENCE.sub("", other))] == [(h[0], h[1]) for h in HEADING.findall(FENCE.sub("", one))]
    assert CODE.findall(FENCE.sub("", other)) == CODE.findall(FENCE.sub("", one))
    assert sorted(INLINE.findall(FENCE.sub("", other))) == sorted(INLINE.findall(FENCE.sub("", one)))
    here = [{target.replace(".zh.md", ".md") for target in LINK.findall(FENCE.sub("", text))} for text in (one, other)]
    assert here[0] == here[1]
    assert re.findall(r"<!-- generated: .*? -->", other) == re.findall(r"<!-- generated: .*? -->", one)


@pytest.mark.parametrize("page", EVERYTHING, ids=name)
def test_every_rule_that_a_page_names_exists(page: Path) -> None:
    assert set(CODE.findall(page.read_text(encoding="utf-8"))) - set(rules()) == set()


# --- what it shows ---------------------------------------------------------------------------------------------------------------------------


def walked() -> list[Path]:
    """The pages whose commands are run. A Chinese page that asks for what its English one does is only run with PLAINT_WALK_ALL, as .ci/run does."""
    same = set() if os.environ.get("PLAINT_WALK_ALL") or REWRITE else {chinese for page, chinese in IN_TWO if not differences(page, chinese)}
    return [page for page in PAGES if "<!-- walk:" in page.read_text(encoding="utf-8") and page not in same]


@pytest.mark.long
@pytest.mark.parametrize("page", walked(), ids=name)
def test_a_page_shows_what_the_commands_print(page: Path, demo_once: Plaint, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()
    env = environment(home)
    walk = Walk(tmp_path, env)
    ran = 0
    for number, step in enumerate(steps(text)):
        match step:
            case Place(kind):
                place = tmp_path / f"place{number}"
                place.mkdir()
                walk = Walk(copy_of(demo_once, place).folder if kind == "demo" else place, env)
                env.pop("PLAINT_MEMBER", None)
                env["PLAINT_NOW"] = DEMO_NOW
            case Setting(variable, value):
                env[variable] = value
            case File(file, content):
                (walk.folder / file).write_text(content, encoding="utf-8")
            case Command():
                printed = walk.run(step)
                try:
                    walk.compare(step, printed)
                except AssertionError:
                    if not REWRITE or "…" in step.printed:
                        raise
                    old = f"$ {step.text}\n{step.printed}"
                    assert old in text, old
                    text = text.replace(old, f"$ {step.text}\n{walk.shown(printed)}", 1)
                ran += 1
    assert ran
    if REWRITE:
        page.write_text(text, encoding="utf-8")


# --- commands --------------------------------------------------------------------------------------------------------------------------------

INLINE = re.compile(r"(?<!`)`(plaint [^`\n]+)`(?!`)")
IN_LINE = re.compile(r"(?:^|[$|(;&]|\s)((?:PLAINT_\w+=\S+ )*(?:\S*/)?plaint (?![\d.]+$)[^|;&><\n]+)")


def commands(text: str) -> Iterator[str]:
    """Every `plaint …` that a page tells people to type."""
    for block in FENCE.finditer(text):
        if block[1] in {"sh", "console", "yaml"}:
            for line in block[2].replace("\\\n", " ").splitlines():
                if block[1] == "sh" or line.startswith("$ ") or "run: plaint" in line:
                    yield from (found.strip() for found in IN_LINE.findall(line.split(" # ")[0]))
    yield from INLINE.findall(FENCE.sub("", text))


def problem(line: str) -> str:
    """Why this command line could not be parsed; empty if it can."""
    words = shlex.split(re.sub(r" 2$", "", line).replace("$(", " ").replace(")", " "))
    while words and not words[0].endswith("plaint"):
        words.pop(0)
    command: click.Command = plaint
    context = click.Context(plaint, info_name="plaint")
    rest = words[1:]
    try:
        while True:
            options, rest, _order = command.make_parser(context).parse_args(list(rest))
            for parameter in command.params:
                given = options.get(parameter.name or "")
                for value in given if isinstance(given, list | tuple) else [given]:
                    if isinstance(parameter.type, click.Choice) and isinstance(value, str) and not re.fullmatch(r"[A-Z]+|…", value):
                        parameter.type.convert(value, parameter, context)
            if not isinstance(command, click.Group) or not rest or rest[0] in {"…", "COMMAND"}:
                return f"too many arguments: {rest}" if rest and not isinstance(command, click.Group) else ""
            child = command.get_command(context, rest[0])
            if child is None:
                return f"there is no command {rest[0]}"
            context = click.Context(child, info_name=rest[0], parent=context)
            command, rest = child, rest[1:]
    except click.BadOptionUsage as error:  # an option that is only named, as in `plaint audit --since`
        return "" if words[-1] == error.option_name else error.message
    except click.UsageError as error:
        return error.message


@pytest.mark.parametrize("page", EVERYTHING, ids=name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    found = list(commands(page.read_text(encoding="utf-8")))
    wrong = {line: why for line in found if (why := problem(line))}
    assert not wrong


def test_wrong_commands_are_seen() -> None:
    assert problem("plaint frobnicate")
    assert problem("plaint member frobnicate")
    assert problem("plaint show --frobnicate")
    assert problem("plaint hear CASE --result perhaps")
    assert problem("plaint show CASE OTHER")
    assert not problem("plaint -C demo --lang zh member add ID --role …")
    page = "`plaint show CASE`\n\n```console\n$ echo x | plaint hear CASE --body - # so\nplaint: not this\n```\n"
    assert list(commands(page)) == ["plaint hear CASE --body -", "plaint show CASE"]
    assert sum(len(list(commands(p.read_text(encoding="utf-8")))) for p in EVERYTHING) > 150


# --- links and examples ----------------------------------------------------------------------------------------------------------------------

LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("page", EVERYTHING, ids=name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        parts = urlsplit(target)
        if parts.scheme:
            assert parts.scheme == "https", target
            continue
        there = page.parent / unquote(parts.path) if parts.path else page
        assert there.exists(), f"{name(page)}: {target}"
        if parts.path.endswith("/"):
            assert there.is_dir(), target


@pytest.mark.parametrize("page", ["record-format.md", "record-format.zh.md"])
def test_the_examples_of_the_record_format_fit_the_schemas(page: str) -> None:
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    examples = re.findall(r"<!-- schema: (\w+) -->\n\n```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert [kind for kind, _example in examples] == ["case", "member"]
    for kind, example in examples:
        schema = json.loads(schema_files()[f"{kind}.schema.json"])
        jsonschema.Draft202012Validator(schema).validate(load_yaml(example.encode(), kind))


# --- the built site --------------------------------------------------------------------------------------------------------------------------


class Loads(HTMLParser):
    """What a page makes a browser load, its anchors and the language it is in."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.lang = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        if tag == "html":
            self.lang = given.get("lang", "")
        if tag == "link" and given.get("rel") not in {"canonical", "alternate", "next", "prev"}:
            self.loads.append(given.get("href", ""))
        if tag not in {"a", "link"}:
            self.loads += [given[key] for key in ("src", "srcset", "data", "poster", "action", "xlink:href", "href") if key in given]
        self.loads += re.findall(r"url\(([^)]*)\)", given.get("style", ""))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="mkdocs is not installed: pip install '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(ROOT / "site" / "mkdocs.yml"), "-d", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(out), check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return out


def test_every_page_is_built(site: Path) -> None:
    for page in PAGES:
        html = (site / page.relative_to(DOCS).with_suffix(".html")).read_text(encoding="utf-8")
        assert Loads(html).lang == ("zh-Hans" if page.name.endswith(".zh.md") else "en")
        assert "<!-- generated:" not in html
        assert not re.search(r"[\u4e00-\u9fff，。；：、]\n[\u4e00-\u9fff]", re.sub(r"<pre.*?</pre>", "", html, flags=re.DOTALL)), "a space among Chinese words"
        assert "<h1" in html


def test_nothing_is_loaded_from_another_host(site: Path) -> None:
    loaded = 0
    for page in site.rglob("*.html"):
        for target in Loads(page.read_text(encoding="utf-8")).loads:
            parts = urlsplit(target)
            assert not parts.scheme and not parts.netloc, f"{page.name}: {target}"
            assert not target or target.startswith("#") or (page.parent / unquote(parts.path)).exists() or page.name == "404.html", f"{page.name}: {target}"
            loaded += 1
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", page.read_text(encoding="utf-8"))
    assert loaded > len(PAGES)
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


@pytest.mark.parametrize(("ending", "usage", "closed"), [(".html", "Usage: plaint ", "Closed"), (".zh.html", "用法： plaint ", "已办结")])
def test_what_comes_from_the_code_is_there(site: Path, ending: str, usage: str, closed: str) -> None:
    checking = (site / "handbook" / f"checking{ending}").read_text(encoding="utf-8")
    assert [code for code in rules() if f"<td>{code}</td>" not in checking] == []
    cli = (site / "reference" / f"cli{ending}").read_text(encoding="utf-8")
    context = click.Context(plaint)
    assert [command for command in plaint.list_commands(context) if f"{usage}{command} " not in cli] == []
    assert f"{usage}policy approve " in cli
    policy = (site / "handbook" / f"policy{ending}").read_text(encoding="utf-8")
    assert closed in policy[policy.index('<svg xmlns="http://www.w3.org/2000/svg"') :]


def test_each_page_leads_to_the_other_language(site: Path) -> None:
    for page, chinese in IN_TWO:
        for here, there in ((page, chinese), (chinese, page)):
            html = (site / here.relative_to(DOCS).with_suffix(".html")).read_text(encoding="utf-8")
            assert f'<p class="language"><a href="{there.with_suffix(".html").name}"' in html
