# noqa: INP001 - mkdocs loads this file by its path
"""Writes the parts of the documentation that come from the code, so that they cannot go stale.

A page says `<!-- generated: rules -->`, `<!-- generated: commands -->` or `<!-- generated: diagram PRESET -->` on a line of its own. What stands there is
in the page's language.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import click
from mkdocs.structure.files import Files

from plaint.check.rules import families, rules
from plaint.i18n import _, language, set_language
from plaint.model.diagram import svg_diagram
from plaint.model.policy import policy_from, preset_document

WIDE = "[\u2014\u2018-\u201d\u2026\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]"
"""A Chinese character or punctuation mark."""
MARK = re.compile(r"^<!-- generated: (\w+) ?([\w-]*) -->$", re.MULTILINE)


def rule_tables(_argument: str) -> str:
    """Every rule of `check` and `audit`, a table for each family."""
    parts = []
    for letter, family in families().items():
        rows = [f"| {r.code} | {_(r.severity.value)} | {cell(r.title)} | {cell(r.remedy)} |" for r in rules().values() if r.code[0] == letter]
        head = "| 代码 | 程度 | 含义 | 处理办法 |" if language() == "zh" else "| code | severity | what | what to do |"
        parts.append("\n".join([f"### {letter}: {family}", "", head, "|---|---|---|---|", *rows]))
    return "\n\n".join(parts)


def cell(text: str) -> str:
    """Text in a cell of a table."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def commands(_argument: str) -> str:
    """The help of every command, as the command prints it. Help is in the language in which the commands were loaded, so Chinese takes a process."""
    if language() == "en":
        return loaded_commands()
    made = subprocess.run([sys.executable, __file__], env={**os.environ, "PLAINT_LANG": language()}, capture_output=True, check=True)
    return str(json.loads(made.stdout))


def loaded_commands() -> str:
    """The help of every command, in the language in which the commands were loaded: that in force at the first call."""
    from plaint.cli.group import plaint

    context = click.Context(plaint, info_name="plaint", terminal_width=100, max_content_width=100, help_option_names=["-h", "--help"])
    return "\n\n".join(f"## {name}\n\n```text\n{text}\n```" for name, text in _helps(plaint, context))


def _helps(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from _helps(child, click.Context(child, info_name=name, parent=context, terminal_width=100, max_content_width=100))


def diagram(preset: str) -> str:
    """The state diagram of a preset, as `plaint policy show PRESET --diagram svg` draws it."""
    return svg_diagram(policy_from(preset_document(preset)))


MARKDOWN: dict[str, Callable[[str], str]] = {"rules": rule_tables, "commands": commands}
HTML: dict[str, Callable[[str], str]] = {"diagram": diagram}


def _filled(text: str, makers: dict[str, Callable[[str], str]], page: object) -> str:
    set_language("zh" if _is_chinese(page) else "en")
    return MARK.sub(lambda mark: makers[mark[1]](mark[2]) if mark[1] in makers else mark[0], text)


def _is_chinese(page: object) -> bool:
    return getattr(getattr(page, "file", None), "src_uri", "").endswith(".zh.md")


def on_page_markdown(markdown: str, page: object, **_kwargs: object) -> str:
    """Tables and command help, before the page is rendered."""
    return _filled(markdown, MARKDOWN, page)


def on_page_content(html: str, page: object, files: Files, **_kwargs: object) -> str:
    """Pictures, in the rendered page, and above it a link to the same page in the other language."""
    return _other_language(page, files) + _joined(_filled(html, HTML, page), page)


def _joined(html: str, page: object) -> str:
    """Chinese has no spaces between words, and a browser makes one of the end of a line."""
    if not _is_chinese(page):
        return html
    parts = re.split(r"(<pre.*?</pre>)", html, flags=re.DOTALL)
    return "".join(part if part.startswith("<pre") else re.sub(rf"(?<={WIDE})\n(?={WIDE})", "", part) for part in parts)


def _other_language(page: object, files: Files) -> str:
    path = getattr(getattr(page, "file", None), "src_uri", "")
    other = path.removesuffix(".zh.md") + ".md" if _is_chinese(page) else path.removesuffix(".md") + ".zh.md"
    if files.get_file_from_path(other) is None:
        return ""
    name, tag = ("English", "en") if _is_chinese(page) else ("中文", "zh-Hans")
    return f'<p class="language"><a href="{other.rpartition("/")[2].removesuffix(".md")}.html" lang="{tag}" hreflang="{tag}">{name}</a></p>\n'


def on_post_page(output: str, page: object, **_kwargs: object) -> str:
    """Says that a Chinese page is Chinese, for fonts and screen readers."""
    return re.sub(r'(<html[^>]*) lang="[^"]*"', r'\1 lang="zh-Hans"', output, count=1) if _is_chinese(page) else output


def on_post_template(output_content: str, template_name: str, **_kwargs: object) -> str:
    """Mends the theme's 404.html, whose search form would go to a host called search.html."""
    return output_content.replace('="//', '="/') if template_name == "404.html" else output_content


if __name__ == "__main__":
    set_language(os.environ["PLAINT_LANG"])
    sys.stdout.write(json.dumps(loaded_commands()))
