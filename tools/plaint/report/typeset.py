"""A report as PDF, set by Typst from a template and plain data; and a chart as a picture, for Word.

Chinese needs a font that has it. Typst would leave the characters out without a word, so a missing one is an error here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from plaint.errors import EnvironmentFaultError
from plaint.i18n import _
from plaint.report.document import Block, Bullets, Chart, Code, Document, Fill, Heading, Paragraph, Table

_LATIN = ("Noto Sans", "DejaVu Sans", "Libertinus Serif")
"""The last one is inside Typst."""
_MONO = ("Noto Sans Mono", "DejaVu Sans Mono")
"""The second one is inside Typst."""
_CHINESE = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimSun")  # fmt: skip


def as_pdf(document: Document) -> bytes:
    """PDF/A-2a: for the archive, with its structure. EnvironmentFaultError where a font is missing."""
    lang = "zh" if "zh" in document.also else document.lang
    data = {
        "title": document.title,
        "subtitle": document.subtitle,
        "lang": document.lang,
        "fonts": _fonts(lang),
        "mono": _fonts(lang, _MONO),
        "blocks": [_plain(block) for block in document.blocks],
    }
    return _set(data, {}, format="pdf", pdf_standards=["a-2a"])


def picture(chart: Chart, lang: str) -> bytes:
    """A chart as PNG, for print."""
    return _set({"lang": lang, "fonts": _fonts(lang), "blocks": [_plain(chart)]}, {"picture": "yes"}, format="png", ppi=220)


def _set(data: dict[str, Any], inputs: dict[str, str], **options: Any) -> bytes:
    import typst

    template = files("plaint.report").joinpath("report.typ").read_bytes()
    made = typst.compile(template, sys_inputs={"data": json.dumps(data, ensure_ascii=False), **inputs}, **options)
    assert isinstance(made, bytes)
    return made


def _fonts(lang: str, latin: Sequence[str] = _LATIN) -> list[str]:
    import typst

    there = {family.lower() for family in typst.Fonts().families()}
    chinese = [family for family in _CHINESE if family.lower() in there]
    if lang == "zh" and not chinese:
        raise EnvironmentFaultError(
            _("there is no font with Chinese characters here"),
            hint=_("install one (on Debian and Ubuntu: apt install fonts-noto-cjk), or take --format html"),
        )
    return [*(family for family in latin if family.lower() in there), *chinese[:1]]


def _plain(block: Block) -> dict[str, Any]:
    match block:
        case Heading(text):
            return {"kind": "heading", "text": text}
        case Paragraph(text):
            return {"kind": "paragraph", "text": text}
        case Bullets(items):
            return {"kind": "bullets", "items": items}
        case Fill(text):
            return {"kind": "fill", "text": text}
        case Code(text):
            return {"kind": "code", "text": text}
        case Chart(title, rows):
            return {"kind": "chart", "title": title, "rows": rows, "alt": alternative(block)}
        case Table():
            return {"kind": "table", "title": block.title, "header": block.header, "rows": block.rows, "numbers": block.numbers}


def alternative(chart: Chart) -> str:
    """What a chart shows, for those who do not see it."""
    return f"{chart.title}: " + "; ".join(f"{name} {n}" for name, n in chart.rows)
