"""A report as a Word document: the office's own styles, so that a writer can go on in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from plaint.report.document import Block, Bullets, Chart, Code, Document, Fill, Heading, Paragraph, Table
from plaint.report.typeset import alternative, picture

if TYPE_CHECKING:
    from docx.document import Document as Docx

_CHINESE_FONT = "Microsoft YaHei"
"""Named, not embedded: Word and LibreOffice take another where it is missing."""


def as_docx(document: Document) -> bytes:
    """The whole document."""
    import docx as word
    from docx.oxml.ns import qn
    from docx.shared import Mm

    docx = word.Document()
    section = docx.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    for name in ("Normal", "Title", "Heading 1", "List Bullet", "Intense Quote", "Caption"):
        style = docx.styles[name]
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        fonts.set(qn("w:eastAsia"), _CHINESE_FONT)
        fonts.attrib.pop(qn("w:eastAsiaTheme"), None)
    docx.core_properties.title = document.title
    docx.core_properties.author = ""
    docx.core_properties.comments = ""
    docx.core_properties.language = "zh-CN" if document.lang == "zh" else "en"
    docx.add_heading(document.title, level=0)
    docx.add_paragraph(document.subtitle)
    for block in document.blocks:
        _add(docx, block, document.lang)
    out = io.BytesIO()
    docx.save(out)
    return out.getvalue()


def _add(docx: Docx, block: Block, lang: str) -> None:
    from docx.shared import Mm

    match block:
        case Heading(text):
            docx.add_heading(text, level=1)
        case Paragraph(text):
            docx.add_paragraph(text)
        case Bullets(items):
            for item in items:
                docx.add_paragraph(item, style="List Bullet")
        case Fill(text):
            docx.add_paragraph(f"[ {text} ]", style="Intense Quote")
        case Code(text):
            docx.add_paragraph().add_run(text).font.name = "Courier New"
        case Chart(title, _rows):
            shape = docx.add_picture(io.BytesIO(picture(block, lang)), width=Mm(150))
            named = shape._inline.docPr  # noqa: SLF001 - python-docx has no public way to give a picture its description
            named.set("descr", alternative(block))
            named.set("title", title)
        case Table():
            _add_table(docx, block)


def _add_table(docx: Docx, block: Table) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement

    docx.add_paragraph(block.title, style="Caption")
    made = docx.add_table(rows=0, cols=len(block.header), style="Light List Accent 1")
    for row in (block.header, *block.rows):
        for column, (cell, text) in enumerate(zip(made.add_row().cells, row, strict=True)):
            cell.text = text
            if column in block.numbers:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    repeated = made.rows[0]._tr.get_or_add_trPr()  # noqa: SLF001 - nor one to repeat a table's head on each page
    repeated.append(OxmlElement("w:tblHeader"))
    docx.add_paragraph()
