"""`plaint report`: every number of the year's report agrees with a recount by an independent script, in both languages and every format."""

from __future__ import annotations

import csv
import os
import re
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
import lxml.html
import pytest
import yaml
from conftest import NOW, TODAY, Plaint
from recount import recount

pytestmark = pytest.mark.long

YEARS = (2024, 2025, 2026)
PRESENT = datetime.fromisoformat(NOW)
HEADINGS = {"en": ("Summary", "How the time limits were kept", "Recommendations"), "zh": ("概述", "时限遵守情况", "建议")}

MEANING = ("What the figures mean", "指标说明")

Tables = dict[str, list[list[str]]]


def tables_of(markdown: str) -> Tables:
    """The tables of a report by title, without their heads."""
    found: Tables = {}
    for title, body in re.findall(r"^\*\*(.+)\*\*\n\n((?:\|.*\n)+)", markdown, flags=re.MULTILINE):
        found[title] = [[cell.strip().replace("\\", "") for cell in line.strip("|\n").split("|")] for line in body.splitlines()]
        del found[title][1]
    return found


def numbers(tables: Tables, title: str) -> dict[str, int]:
    """A table of counts by its words."""
    return {row[0]: int(row[1]) for row in tables.get(title, [])[1:] if row[0] not in ("together", "合计")}


@pytest.fixture(scope="module")
def words(busy: Plaint) -> Any:
    """The policy, as its file says it."""
    return yaml.safe_load((busy.folder / "policy" / "1.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("year", YEARS)
def test_every_number_agrees_with_a_recount(busy: Plaint, words: Any, year: int) -> None:
    counted = recount(busy.folder, year, PRESENT)
    text = busy.good("report", str(year))
    tables = tables_of(text)

    def named(counts: dict[str, int], names: dict[str, Any]) -> dict[str, int]:
        return {names[word]["en"]: n for word, n in counts.items()}

    assert numbers(tables, "Received, by channel") == named(counted["receive.channel"], words["channels"])
    assert numbers(tables, "Received, by category") == named(counted["categories"], words["categories"])
    assert numbers(tables, "Declined, by reason") == named(counted["decline.reason"], words["reasons"]["decline"])
    assert numbers(tables, "Concluded, by outcome") == named(counted["conclude.outcome"], words["outcomes"])
    assert numbers(tables, "Measures decided, by kind") == named(counted["measures"], words["measures"])
    assert numbers(tables, "Opened again, by reason") == named(counted["reopen.reason"], words["reasons"]["reopen"])
    assert numbers(tables, "Closed, by the reporter's satisfaction") == dict(counted["close.satisfaction"])
    assert numbers(tables, "Measures verified, by result") == dict(counted["verify.result"])
    months = tables["Month by month"][1:]
    assert len(months) == (11 if year == 2026 else 12)
    assert [(row[0], int(row[1]), int(row[2])) for row in months] == [(row[0], counted["months"][row[0]], counted["closed"][row[0]]) for row in months]
    limits = {row[0]: row[1:] for row in tables["The time limits of the year"][1:]}
    for title, told in (("First reply", "reply"), ("Feedback to the reporter", "feedback")):
        kept, ended, half, overdue = counted[told]
        assert ended
        assert limits[title] == [str(ended), str(kept), str(ended - kept), f"{100 * kept / ended:.1f} %", str(half), str(overdue)]
    assert f"At the end, {sum(int(row[-1]) for row in limits.values())} time limits were overdue" in text
    for title, words_of in (("Channel by channel", "channels"), ("Category by category", "categories")):
        there = tables[title]
        names = {names["en"]: word for word, names in words[words_of].items()}
        for figure, event in (("came in", "receive"), ("accepted", "accept"), ("declined", "decline"), ("concluded", "conclude"), ("closed", "close")):
            row = next(row for row in there if row[0] == figure)
            assert {names[name]: int(n) for name, n in zip(there[0][1:], row[1:], strict=True)} == {
                word: counted["parts"][word, event] for name, word in names.items() if name in there[0]
            }
    assert f"{counted['work']} were still in work at the end" in text
    assert f"The records of {counted['events']['dispose:confirm']} cases were destroyed" in text
    years = {row[0]: row[1:] for row in tables["Year by year"]}
    for column, each in enumerate(range(year - 2, year + 1)):
        there = recount(busy.folder, each, PRESENT)
        told = {"came in": "receive", "accepted": "accept", "declined": "decline", "concluded": "conclude", "closed": "close", "reopened": "reopen"}
        assert years["what"][column] == str(each)
        assert {title: int(years[title][column]) for title in told} == {title: there["events"][name] for title, name in told.items()}
        assert int(years["in work at the end"][column]) == there["work"]


def test_both_languages_say_the_same(busy: Plaint) -> None:
    english, chinese = (busy.good("--lang", lang, "report", "2025") for lang in ("en", "zh"))
    for lang, text in (("en", english), ("zh", chinese)):
        assert all(f"## {heading}" in text for heading in HEADINGS[lang])
    figures = [[row[1:] for title, table in tables_of(text).items() if title not in MEANING for row in table[1:]] for text in (english, chinese)]
    assert figures[0] == figures[1]
    assert re.findall(r"\d+", english.split("## Recommendations")[0]) != []
    assert not re.search(r"[a-z]{4,} [a-z]{4,}", chinese.replace("plaint stats", ""))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_format_holds_every_row(busy: Plaint, tmp_path: Path, lang: str) -> None:
    rows = [row for table in tables_of(busy.good("--lang", lang, "report", "2025")).values() for row in table]
    page = lxml.html.document_fromstring(busy.good("--lang", lang, "report", "2025", "--format", "html").encode())
    assert [[cell.text_content() for cell in row.iter("td", "th")] for row in page.iter("tr")] == rows
    assert not page.xpath("//script|//link|//*[@src]")
    assert len(page.xpath("//*[local-name()='svg'][@role='img']")) >= 5
    word, pdf = tmp_path / "report.docx", tmp_path / "report.pdf"
    for file in (word, pdf):
        busy.good("--lang", lang, "report", "2025", "--format", file.suffix[1:], "-o", file)
    opened = docx.Document(str(word))
    assert [[cell.text for cell in row.cells] for table in opened.tables for row in table.rows] == rows
    assert all(heading in [p.text for p in opened.paragraphs] for heading in HEADINGS[lang])
    assert len(opened.inline_shapes) >= 5
    assert all(shape._inline.docPr.get("descr") for shape in opened.inline_shapes)
    printed = subprocess.run(["pdftotext", "-raw", pdf, "-"], capture_output=True, text=True, check=True).stdout
    squeezed = re.sub(r"\s+", "", printed)
    assert all(heading.replace(" ", "") in squeezed for heading in HEADINGS[lang])
    assert all("".join(row).replace(" ", "") in squeezed for row in rows)
    fonts = subprocess.run(["pdffonts", pdf], capture_output=True, text=True, check=True).stdout.splitlines()[2:]
    assert fonts
    assert all(re.search(r"\byes +yes\b", font) for font in fonts)  # embedded, and cut down to what is used


def test_what_is_refused(busy: Plaint, tmp_path: Path) -> None:
    assert "has not begun" in busy.refused("report", "2027")
    assert "no case was received before the end of 2019" in busy.refused("report", "2019")
    kept = tmp_path / "report.docx"
    kept.write_text("somebody's work")
    assert "there already" in busy.refused("report", "2025", "--format", "docx", "-o", kept)
    assert kept.read_text() == "somebody's work"


def test_a_machine_without_chinese_type(busy: Plaint, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    fonts = tmp_path / "fonts.conf"
    fonts.write_text(f'<?xml version="1.0"?><fontconfig><dir>{tmp_path / "none"}</dir></fontconfig>')
    bare = Plaint(busy.folder, busy.home, env={"FONTCONFIG_FILE": str(fonts)})
    assert "fonts-noto-cjk" in bare.refused("--lang", "zh", "report", "2025", "--format", "pdf", "-o", tmp_path / "zh.pdf", code=3)
    assert not (tmp_path / "zh.pdf").exists()
    bare.good("report", "2025", "--format", "pdf", "-o", tmp_path / "en.pdf")


def test_a_year_that_is_not_over_says_so(busy: Plaint) -> None:
    assert "The year is not over: these are the figures up to 2026-11-20" in busy.good("report", "2026")
    assert "The year is not over" not in busy.good("report", "2025")


REAL = Path(os.environ.get("PLAINT_TEST_DATA", "/nowhere"))
LONG = bool(os.environ.get("PLAINT_LONG"))


@pytest.mark.skipif(not REAL.is_dir(), reason="PLAINT_TEST_DATA names no folder with the real complaints")
@pytest.mark.parametrize("name", ["cfpb-268", pytest.param("cfpb-20k", marks=pytest.mark.skipif(not LONG, reason="takes minutes: PLAINT_LONG=1"))])
def test_a_report_of_real_complaints_agrees_with_their_table(tmp_path: Path, name: str) -> None:
    """Imported, and each year's report counted again twice: from the records, and from the table that they came from."""
    (tmp_path / "home").mkdir()
    Plaint(tmp_path, tmp_path / "home", None).good("demo", "org", "--cases", "0", "--today", TODAY)
    org = replace(Plaint(tmp_path / "org", tmp_path / "home"), patience=3600)
    plan = Path(__file__).parents[2] / "examples/maps" / f"{name.replace('-268', '')}.yaml"
    mapping = yaml.safe_load(plan.read_text())
    org.good("import", REAL / f"{name}.csv", "--map", plan, member="li.wei")
    with (REAL / f"{name}.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    day = mapping["received"]["column"]
    years = Counter(datetime.strptime(row[day], mapping["received"]["formats"][0]).year for row in rows)
    words = yaml.safe_load((org.folder / "policy" / "1.yaml").read_text())
    for year in sorted(years)[-2:]:
        text = org.good("report", str(year))
        tables, counted = tables_of(text), recount(org.folder, year, PRESENT)
        mine = [row for row in rows if datetime.strptime(row[day], mapping["received"]["formats"][0]).year == year]
        channels = Counter(mapping["channel"]["words"][row[mapping["channel"]["column"]]] for row in mine)
        of = mapping["category"]
        categories = Counter(of["words"].get(row[of["column"]], of.get("otherwise")) for row in mine)
        assert len(mine) == years[year] == counted["events"]["receive"]
        assert f"{len(mine)} reports came in" in text
        assert channels == counted["receive.channel"]
        assert numbers(tables, "Received, by channel") == {words["channels"][word]["en"]: n for word, n in channels.items()}
        assert categories == counted["categories"]
        assert numbers(tables, "Received, by category") == {words["categories"][word]["en"]: n for word, n in categories.items()}
        assert {row[0]: int(row[1]) for row in tables["Month by month"][1:]} == {f"{year}-{n:02}": counted["months"][f"{year}-{n:02}"] for n in range(1, 13)}
        assert tables["The time limits of the year"][1][-1] == str(counted["reply"][3])
        assert f"{counted['work']} were still in work at the end" in text
