"""Counts a year again from the record files, by PyYAML and the rules' own words, without anything of plaint's.

The two time limits are those of the house policy: first reply within 24 hours of receipt; feedback by the end of the 7th working day after the
inquiry was concluded (China, make-up workdays count), each stopped by its event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import yaml

ZONE = ZoneInfo("Asia/Shanghai")
CHINA = holidays.country_holidays("CN")
COUNTED = [("receive", "channel"), ("decline", "reason"), ("conclude", "outcome"), ("reopen", "reason"), ("close", "satisfaction"), ("verify", "result")]


def events_of(folder: Path) -> Iterator[list[dict[str, Any]]]:
    """The events of every case, with their times read."""
    for path in (folder / "cases").rglob("*.yaml"):
        events = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)["events"]
        for event in events:
            event["at"] = datetime.fromisoformat(event["at"]).astimezone(ZONE)
        yield events


def recount(folder: Path, year: int, now: datetime) -> dict[str, Any]:
    """Tables by `event.code`; events by name, and by channel and category; months; what was in work at the end; the two limits as (kept, ended, median hours, overdue)."""
    begin, end = datetime(year, 1, 1, tzinfo=ZONE), min(datetime(year + 1, 1, 1, tzinfo=ZONE), now)
    found: dict[str, Any] = {f"{kind}.{code}": Counter() for kind, code in COUNTED}
    found |= {"events": Counter(), "categories": Counter(), "measures": Counter(), "months": Counter(), "closed": Counter(), "work": 0, "parts": Counter()}
    replies: list[tuple[bool, float | None]] = []
    feedback: list[tuple[bool, float | None]] = []
    for events in events_of(folder):
        events = [event for event in events if event["at"] < end]
        if not events:
            continue
        inside = [event for event in events if event["at"] >= begin]
        for event in inside:
            found["events"][event["event"] + (f":{event['step']}" if "step" in event else "")] += 1
            for kind, code in COUNTED:
                if event["event"] == kind and code in event:
                    found[f"{kind}.{code}"][event[code]] += 1
            if event["event"] == "decide":
                found["measures"].update(measure["measure"] for measure in event.get("measures", ()))
            if event["event"] in ("receive", "close"):
                found["months" if event["event"] == "receive" else "closed"][f"{event['at']:%Y-%m}"] += 1
        category = [event["category"] for event in events if "category" in event][-1]
        found["parts"].update((part, event["event"]) for event in inside for part in (events[0]["channel"], category))
        if events[0]["at"] >= begin:
            found["categories"][category] += 1
        last = [event["event"] for event in events if event["event"] in ("close", "reopen")][-1:]
        found["work"] += last != ["close"]
        replies += _ended(events, "receive", "acknowledge", begin, end, lambda start: start + timedelta(hours=24))
        feedback += _ended(events, "conclude", "answer", begin, end, lambda start: _working_days(start, 7))
    found["reply"], found["feedback"] = _pace(replies), _pace(feedback)
    return found


def _ended(events: list[dict[str, Any]], start: str, stop: str, begin: datetime, end: datetime, due: Any) -> Iterator[tuple[bool, float | None]]:
    """Whether it was kept and how many hours it took, for each time it ended in the year; no hours where it was overdue at the end."""
    started = None
    for event in events:
        if event["event"] == start:
            started = event["at"]
        elif event["event"] == stop and started is not None:
            if event["at"] >= begin:
                yield event["at"] <= due(started), (event["at"] - started).total_seconds() / 3600
            started = None
    if started is not None and due(started) < end:
        yield False, None


def _working_days(start: datetime, days: int) -> datetime:
    day = start.date()
    while days:
        day += timedelta(days=1)
        days -= CHINA.is_working_day(day)
    return datetime.combine(day + timedelta(days=1), time(), ZONE)


def _pace(found: list[tuple[bool, float | None]]) -> tuple[int, int, float | None, int]:
    hours = [each for _kept, each in found if each is not None]
    return sum(kept for kept, _hours in found), len(hours), round(median(hours), 1) if hours else None, len(found) - len(hours)
