"""Tables as spreadsheets save them: encodings, delimiters, lines, rows that are not whole, maps that do not fit, the words and times of a row."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plaint.errors import InputError
from plaint.intake.importkey import source_of
from plaint.intake.mapping import Map, load_map
from plaint.intake.rows import RowReader, parse_moment
from plaint.intake.spreadsheet import Table, read_table

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=SHANGHAI)
MAP = (DATA / "complaints.yaml").read_bytes()


def table_of(name: str, **how: str) -> Table:
    return read_table((DATA / name).read_bytes(), a_map().columns(), **how)


def a_map(data: bytes = MAP) -> Map:
    return load_map(data, "map.yaml")


def with_line(old: str, new: str) -> bytes:
    text = MAP.decode()
    assert text.count(old) == 1
    return text.replace(old, new).encode()


def reader(plan: Map | None = None) -> RowReader:
    return RowReader(plan or a_map(), b"key", SHANGHAI, NOW)


# the file


def test_the_same_table_in_every_encoding() -> None:
    read = {name: table_of(f"complaints-{name}.csv") for name in ("utf8", "utf8-bom", "gb18030")}
    assert [table.encoding for table in read.values()] == ["utf-8", "utf-8-sig", "gb18030"]
    assert read["utf8"].rows == read["utf8-bom"].rows == read["gb18030"].rows
    assert read["utf8"].header == read["gb18030"].header == ("编号", "提交人", "来源", "类别", "日期", "标题", "内容", "答复")


def test_utf16_as_spreadsheets_save_unicode_text() -> None:
    table = read_table("id\ttext\r\n1\thello\r\n".encode("utf-16"), ["id"])
    assert (table.encoding, table.delimiter, table.rows[0].values) == ("utf-16", "\t", ("1", "hello"))


def test_the_delimiter_is_the_one_that_gives_the_columns() -> None:
    assert table_of("complaints-semicolon.csv").delimiter == ";"
    assert read_table(b"a,b;c,d\n1;2\n", ["c,d"]).header == ("a,b", "c,d")
    assert read_table(b"a,b;c,d\n1,2,3\n", ["b;c"]).delimiter == ","


def test_lines_are_those_of_the_file() -> None:
    rows = table_of("complaints-utf8.csv").rows
    assert [(row.line, row.last) for row in rows[:3]] == [(2, 3), (4, 4), (5, 5)]
    assert rows[0].values[6] == "南街的路灯坏了三周。\r\n晚上很黑，请尽快修理。"


def test_rows_without_text_are_left_out() -> None:
    assert [row.values for row in read_table(b"\n\na,b\n\n1,2\n,\n  ,\n", ["a"]).rows] == [("1", "2")]


@pytest.mark.parametrize(
    ("data", "line", "fault"),
    [
        (b"a,b\n1\n3,4\n", 2, "the row has 1 field, the header 2"),
        (b"a,b\n1,2,3\n3,4\n", 2, "the row has 3 fields, the header 2"),
        (b"a,b\n1,x\0y\n3,4\n", 2, "the row holds a NUL byte"),
        (b'a,b\n1,"x"y\n3,4\n', 2, "text after a closing quotation mark"),
    ],
)
def test_a_row_that_is_not_whole_stops_no_other(data: bytes, line: int, fault: str) -> None:
    bad, good = read_table(data, ["a"]).rows
    assert bad.line == line
    assert fault in bad.fault
    assert good.values == ("3", "4")


def test_a_quotation_mark_never_closed_is_told_with_its_line() -> None:
    good, bad = read_table(b'a,b\n1,2\n3,"4\n5,6\n7,8\n', ["a"]).rows
    assert good.values == ("1", "2")
    assert (bad.line, bad.last) == (3, 5)
    assert "never closes" in bad.fault


def test_empty_cells_beyond_the_header_do_no_harm() -> None:
    assert read_table(b"a,b\n1,2,,\n", ["a"]).rows[0].values == ("1", "2")


def test_a_huge_field_is_read_and_the_limit_of_csv_put_back() -> None:
    before = csv.field_size_limit()
    assert len(read_table(b"a,b\n1," + b"x" * 3_000_000 + b"\n", ["a"]).rows[0].values[1]) == 3_000_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize(
    ("data", "encoding", "said"),
    [
        (b"", "auto", "f.csv: the file is empty"),
        (b"\xef\xbb\xbf\r\n", "auto", "f.csv: the file is empty"),
        (b"x,y\n1,2\n", "auto", "f.csv:1: the column a is missing. the file has: x,y"),
        (b"a,a\n1,2\n", "auto", "f.csv:1: the column a stands twice"),
        (b"a\n1\n\xff\xff\n", "auto", "f.csv:3: the text is not UTF-8 or GB18030"),
        ("a\n1\n号\n".encode("gb18030"), "utf-8", "f.csv:3: the text is not UTF-8"),
        ("a\n路\n".encode(), "ascii", "f.csv:2: the text is not ASCII"),
    ],
)
def test_a_file_that_cannot_be_read(data: bytes, encoding: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_table(data, ["a"], where="f.csv", encoding=encoding)
    assert str(caught.value).startswith(said)


_CELL = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), max_size=20)


@given(st.lists(st.lists(_CELL, min_size=3, max_size=3), max_size=8), st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]))
def test_what_a_spreadsheet_writes_is_read_back(rows: list[list[str]], encoding: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["编号", "b", "c"], *rows])
    table = read_table(out.getvalue().encode(encoding), ["编号"], encoding=encoding)
    assert [list(row.values) for row in table.rows] == [row for row in rows if any(cell.strip() for cell in row)]
    assert not any(row.fault for row in table.rows)


# the map


@pytest.mark.parametrize("path", sorted((ROOT / "examples" / "maps").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_example_maps_are_maps(path: Path) -> None:
    plan = load_map(path.read_bytes(), path.name)
    assert plan.name == path.stem
    assert "report" in plan.sealed


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: [编号]", "key: column", "map.yaml:4: `key` must be a list of columns, or `row`"),
        ("key: [编号]", "keys: [编号]", "map.yaml:2: `key` is missing"),
        ("map: complaints", "map: My complaints", "map.yaml:3: `map` must be"),
        ("  column: 来源", "  column: 来源\n  constant: phone", "map.yaml:5: `channel` has a constant and a column too"),
        ("  column: 来源\n", "", "map.yaml:5: `channel` says neither a constant nor a column"),
        ("网站: online", "网站: On line", "map.yaml:7: "),
        ("'%Y-%m-%d'", "'%Y-%m'", "map.yaml:14: “%Y-%m” is no form of a date"),
        ("'%Y-%m-%d'", "'%Q'", "map.yaml:14: “%Q” is no form of a date"),
        ("  column: 日期", "  column: 日期\n  timezone: Asia/Peking", "map.yaml:14: there is no time zone Asia/Peking"),
        ("key: [编号]", "encoding: klingon\nkey: [编号]", "map.yaml:4: there is no encoding klingon"),
        ("key: [编号]", "encoding: zip\nkey: [编号]", "map.yaml:4: there is no encoding zip"),
        ("  identity: {account: 提交人}", "  inquiry: {note: 提交人}", "map.yaml:16: "),
        ("{account: 提交人}", "{accounts: 提交人}", "map.yaml:16: unknown key `accounts`"),
    ],
)
def test_a_map_with_a_fault_names_line_and_fault(old: str, new: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        a_map(with_line(old, new))
    assert str(caught.value).startswith(said)


def test_a_list_is_no_map() -> None:
    with pytest.raises(InputError, match=r"map.yaml:1: this is not a map"):
        a_map(b"- a\n")


# the rows


def test_each_row_is_read_or_refused_for_its_own_reason() -> None:
    table, read = table_of("complaints-utf8.csv"), reader()
    said = {}
    for row in table.rows:
        try:
            entry = read.entry(read.candidate(table, row))
        except InputError as error:
            said[row.line] = str(error)
        else:
            said[row.line] = f"{entry.codes['channel']} {entry.codes['category']} {entry.at}"
    assert said == {
        2: "online service 2019-04-25 09:32:00+08:00",
        4: "phone violation 2013-11-21 00:00:00+08:00",
        5: "letter service 2020-01-05 00:00:00+08:00",
        6: "letter service 2020-01-05 00:00:00+08:00",
        7: "来源: the map has no channel for “飞鸽”. add it under words, or say otherwise",
        8: "日期: “去年冬天” is in none of the map's forms of a time",
        9: "the row has 7 fields, the header 8",
        10: "there is nothing in it to be sealed as the report",
        12: "online other 2020-02-03 00:00:00+08:00",
        13: "日期: “2099/1/1” is still to come",
    }


def test_texts_are_sealed_where_the_map_says_and_blank_cells_left_out() -> None:
    table, read = table_of("complaints-gb18030.csv"), reader()
    first, second = (read.entry(read.candidate(table, row)) for row in table.rows[:2])
    assert first.bodies == {
        "identity": {"account": "用户甲"},
        "report": {"title": "路灯不亮", "narrative": "南街的路灯坏了三周。\n晚上很黑，请尽快修理。", "reply": "已修复"},
    }
    assert "reply" not in second.bodies["report"]
    assert set(first.codes) == {"channel", "category", "source"}


def test_a_date_alone_begins_at_local_midnight_of_the_maps_zone() -> None:
    plan = a_map(with_line("  column: 日期", "  column: 日期\n  timezone: America/New_York"))
    table, read = table_of("complaints-utf8.csv"), reader(plan)
    assert read.entry(read.candidate(table, table.rows[1])).at == datetime(2013, 11, 21, 13, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "formats", "moment"),
    [
        ("2019/4/25 9:32:09", ["%Y/%m/%d %H:%M:%S"], datetime(2019, 4, 25, 9, 32, 9)),
        ("2013-11-21", ["%Y/%m/%d", "%Y-%m-%d"], datetime(2013, 11, 21)),
        ("2013-02-30", ["%Y-%m-%d"], None),
        ("2013-11-21 x", ["%Y-%m-%d"], None),
        ("", ["%Y-%m-%d"], None),
    ],
)
def test_times_in_the_forms_of_real_files(text: str, formats: list[str], moment: datetime | None) -> None:
    assert parse_moment(text, formats) == moment


def test_the_source_does_not_depend_on_the_encoding_and_differs_between_sets_and_keys() -> None:
    sources = []
    for name in ("complaints-utf8.csv", "complaints-gb18030.csv"):
        table, read = table_of(name), reader()
        sources.append([read.candidate(table, row).source for row in table.rows if not row.fault])
    assert sources[0] == sources[1]
    assert sources[0][2] == sources[0][3]  # the same number twice
    row = [("id", "1")]
    assert len({source_of(key, name, row) for key in (b"a", b"b") for name in ("x", "y")}) == 4


def test_rows_alike_are_told_apart_where_the_row_is_its_key() -> None:
    plan = a_map(with_line("key: [编号]", "key: row"))
    table = table_of("complaints-utf8.csv")
    runs = []
    for _run in range(2):
        read = reader(plan)
        runs.append([read.candidate(table, row).source for row in table.rows if not row.fault])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == len(runs[0])


def test_a_row_without_its_key_is_refused() -> None:
    table = read_table("编号,来源,类别,日期,提交人,标题,内容,答复\n,电话,服务,2020/1/1,x,y,z,\n".encode(), a_map().columns())
    with pytest.raises(InputError, match="its key"):
        reader().candidate(table, table.rows[0])
