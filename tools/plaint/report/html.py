"""A report as one HTML page that needs nothing else: style and charts are inside, nothing is loaded, no script runs."""

from __future__ import annotations

from importlib.resources import files

from plaint.publish.charts import bars
from plaint.publish.page import escape, table
from plaint.report.document import Block, Bullets, Chart, Code, Document, Fill, Heading, Paragraph, Table

_LANG = {"zh": "zh-Hans", "en": "en"}


def as_html(document: Document) -> str:
    """The whole page; it prints as well."""
    style = files("plaint.report").joinpath("report.css").read_text("utf-8")
    body = "".join(_block(block, f"c{number}") for number, block in enumerate(document.blocks))
    return (
        f'<!doctype html>\n<html lang="{_LANG[document.lang]}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(document.title)} · {escape(document.subtitle)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{escape(document.title)}</h1>\n<p>{escape(document.subtitle)}</p>\n{body}</main>\n</body>\n</html>\n"
    )


def _block(block: Block, ident: str) -> str:
    match block:
        case Heading(text):
            return f"<h2>{escape(text)}</h2>\n"
        case Paragraph(text):
            return f"<p>{escape(text)}</p>\n"
        case Bullets(items):
            return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>\n"
        case Fill(text):
            return f'<p class="fill">[ {escape(text)} ]</p>\n'
        case Code(text):
            return f"<pre>{escape(text)}</pre>\n"
        case Table():
            return table(block.title, [escape(cell) for cell in block.header], [[escape(cell) for cell in row] for row in block.rows], block.numbers)
        case Chart(title, rows):
            return bars(ident, title, rows)
