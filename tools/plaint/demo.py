"""A made-up organisation with made-up cases, every event recorded through the desk as a member would.

Deterministic in the number of cases, the seed and the date, but for keys and ciphertext. On its date nothing is late: cases are met on time or
only a little late in the past, some fall due soon. Older cases reach the end of retention and are disposed of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from plaint.actor import Actor
from plaint.desk import Entry, Ids, record, register_many
from plaint.errors import PlaintError
from plaint.founding import Founding, NewMember, found, new_signing_key, policy_document
from plaint.i18n import _
from plaint.model.clocks import periods
from plaint.model.policy import Policy, policy_from
from plaint.model.record import Event, dump_event, dump_header, parse
from plaint.model.schema import check_record
from plaint.organisation import Organisation
from plaint.seal.identity import new_identity, write_identity
from plaint.store.git import Git
from plaint.store.repository import Repository
from plaint.store.signing import SigningKey, load_signing_key

KEYS = ".demo-keys"
MEMBERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "zhou.ning": (("steward",), ()),
    "li.wei": (("intake",), ()),
    "chen.jie": (("coordinator",), ()),
    "wang.fang": (("investigator",), ("law", "finance")),
    "zhao.min": (("investigator",), ("service",)),
    "liu.yang": (("decider",), ()),
    "sun.li": (("supervisor",), ()),
    "he.ping": (("custodian",), ()),
}
DAY = timedelta(days=1)
LAST_EVENTS = ("decline", "decide", "conclude", "assign", "accept", "acknowledge", "receive")
"""Where the newest cases stand."""
YEARS = 3
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LETTERS = ALPHABET[10:]

NARRATIVES = (
    ("仓库发货延迟", "客户反映订单付款后三周仍未发货，多次致电客服无人答复，希望尽快处理并说明原因。"),
    ("供应商宴请", "反映采购人员在招标前接受供应商宴请和礼品卡，怀疑影响了评标结果。"),
    ("Overcharged twice", "The same invoice was charged twice in March. Two letters stayed without any answer."),
    ("报销单据不实", "反映某部门多次以虚假发票报销差旅费用，有同事可以作证，并保存了单据照片。"),
    ("Safety rail missing", "The rail on the loading ramp has been missing since spring; somebody has already fallen."),
    ("态度生硬", "窗口人员态度生硬，让老年客户来回跑了三趟仍未办成业务。"),
    ("Pressure on bidders", "A bidder was told that a donation would help. The talk took place after the tender was open."),
    ("泄露客户信息", "怀疑有员工把客户电话卖给推销公司，登记后第二天就接到大量骚扰电话。"),
)
NAMES = ("周小雨", "Anna Berg", "钱多多", "Tom Fields", "孙大海", "Maria Lindt")


@dataclass(frozen=True, slots=True)
class Step:
    """One event to be: when, which case (by number), by whom, what."""

    at: datetime
    case: int
    by: str
    entry: Entry


class Demo:
    """Makes one, as it stands at noon of `today`, or at the very time; `progress` is called after each event."""

    def __init__(self, folder: Path, cases: int, seed: int, today: date | datetime, progress: Callable[[int], None]) -> None:
        self.folder = folder
        self.count = cases
        self.random = random.Random(seed)  # noqa: S311 - made-up cases, to be the same each time
        self.progress = progress
        document = policy_document(Founding({}, (), "house", None, None, None, "", ()))
        self.policy: Policy = policy_from(document)
        zone = self.policy.timezone
        self.now = today.astimezone(zone) if isinstance(today, datetime) else datetime(today.year, today.month, today.day, 12, 0, tzinfo=zone)
        self.begin = self.now - timedelta(days=365 * (YEARS + 1))
        self.keys: dict[str, SigningKey] = {}

    def make(self) -> Repository:
        """Founds the organisation and records everything, oldest first."""
        repository = self._found()
        steps = sorted((s for number in range(self.count) for s in self._course(number)), key=lambda s: (s.at, s.case))
        actors: dict[str, Actor] = {}
        ids: dict[int, str] = {}
        organisation = Organisation(repository)
        reviews = self._reviews()
        supervisor = Actor.find(organisation, "sun.li", lambda _file: "")

        def commit_review() -> None:
            at, path, data = reviews.pop(0)
            repository.commit({path: data}, f"review: {path[len('reviews/') : -len('.yaml')]}\n", supervisor.signing_key, "sun.li", at)

        for step in steps:
            while reviews and reviews[0][0] <= step.at:
                commit_review()
            actor = actors.get(step.by) or actors.setdefault(step.by, Actor.find(organisation, step.by, lambda _file: ""))
            try:
                if step.entry.kind == "receive":
                    ids[step.case] = register_many(actor, [(step.entry, ())], step.at)[0].case
                else:
                    record(actor, ids[step.case], step.entry, step.at, step.at)
            except PlaintError as error:
                raise type(error)(f"{step.entry.kind} {step.at:%F}: {error.what}", where=error.where, hint=error.hint) from error
            self.progress(1)
        while reviews:
            commit_review()
        return repository

    def steps(self) -> int:
        """How many events there will be (a second generator with the same seed tells)."""
        twin = Demo(self.folder, self.count, 0, self.now, self.progress)
        twin.random.setstate(self.random.getstate())
        return sum(1 for number in range(self.count) for _step in twin._course(number))

    def _found(self) -> Repository:
        keys = self.folder / KEYS
        members = []
        made: list[tuple[str, str]] = []
        recovery = new_identity()
        for member, (roles, expertise) in MEMBERS.items():
            identity = new_identity()
            made.append((member, identity.secret))
            # the founder's key is needed for the genesis commit, and the folder must be empty until then
            self.keys[member] = _key(self.folder.parent / f".{self.folder.name}.keys" / member, member)
            members.append(NewMember(member, roles, expertise, self.keys[member].public, identity.recipient))
        founding = Founding({"en": "Example Works", "zh": "示例机构"}, ("zh", "en"), "house", None, None, None, recovery.recipient, tuple(members))
        found(self.folder, founding, self.keys["zhou.ning"], self.begin)
        (self.folder.parent / f".{self.folder.name}.keys").rename(keys)
        for member, secret in [*made, ("recovery", recovery.secret)]:
            write_identity(keys / f"{member}.age-identity", secret)
        git = Git(self.folder)
        git.run("config", "plaint.keys", KEYS)
        git.run("config", "user.signingkey", str((keys / "chen.jie").resolve()))
        return Repository.discover(self.folder)

    def _id(self) -> str:
        return self.random.choice(LETTERS) + "".join(self.random.choices(ALPHABET, k=7))

    def _step(self, at: datetime, number: int, by: str, kind: str, bodies: Mapping[str, Any] | None = None, **codes: Any) -> Step:
        when = at.replace(second=0, microsecond=0)
        return Step(when, number, by, Entry(kind, codes, bodies or {}, when, Ids("", self._id())))

    def _course(self, number: int) -> Iterator[Step]:
        """The events of one case up to now; each case goes as far as its age and its fate let it, the last ones so that every state is seen."""
        pick = self.random
        part = (number + pick.random()) / max(self.count, 1)
        old = number % 10 == 0 and self.count > 1
        age = timedelta(days=365 * YEARS + 100) if old else timedelta(days=365 * YEARS * (1 - part) ** 2)
        received = max(self.now - age - timedelta(hours=3), self.begin + DAY)
        last = dict(enumerate(LAST_EVENTS, self.count - len(LAST_EVENTS))).get(number) if self.count > len(LAST_EVENTS) + 1 else None
        if last:
            before = pick.getstate()
            at = next(step.at for step in self._steps_of(number, received, old=False, declined=last == "decline") if step.entry.kind == last)
            received += self.now - timedelta(minutes=40) - at
            pick.setstate(before)
        for step in self._steps_of(number, received, old=old and not last, declined=last == "decline" or (not last and not old and number % 7 == 3)):
            if step.at > self.now:
                return
            yield step

    def _steps_of(self, number: int, received: datetime, *, old: bool, declined: bool) -> Iterator[Step]:
        pick = self.random
        title, text = pick.choice(NARRATIVES)
        category = pick.choices(list(self.policy.categories), (3, 5, 3, 2))[0]
        channel = pick.choices(list(self.policy.channels), (4, 3, 5, 2, 1))[0]
        report = {"title": title, "narrative": text}
        identity = {} if pick.random() < 0.4 else {"identity": {"name": pick.choice(NAMES), "contact": {"phone": f"555-01{number % 100:02}"}}}
        case = self._id().upper()
        first = self._step(received, number, "li.wei", "receive", {"report": report, **identity}, channel=channel, category=category)
        yield Step(
            first.at,
            number,
            first.by,
            Entry("receive", first.entry.codes, first.entry.bodies, first.at, Ids(f"{case[:4]}-{case[4:]}", first.entry.ids.event if first.entry.ids else "")),
        )
        yield from self._rest(number, received, category, old=old, declined=declined)

    def _rest(self, number: int, received: datetime, category: str, *, old: bool, declined: bool) -> Iterator[Step]:
        pick = self.random

        def hours(low: float, high: float) -> timedelta:
            return timedelta(hours=pick.uniform(low, high))

        at = received + hours(1, 20)
        yield self._step(at, number, "li.wei", "acknowledge", result="delivered")
        at += hours(2, 30)
        if declined:
            yield self._step(at, number, "chen.jie", "decline", reason=pick.choice(list(self.policy.reasons["decline"])))
            at += hours(1, 20)
            yield self._step(at, number, "li.wei", "notify", {"report": {"reply": "告知不予受理及其理由。"}}, result="delivered")
            at += timedelta(days=pick.uniform(10, 20))
            yield self._step(at, number, "chen.jie", "close", satisfaction="unknown")
            return
        yield self._step(at, number, "chen.jie", "accept")
        at += hours(4, 30)
        lead, second = ("zhao.min", "wang.fang") if category == "service" else ("wang.fang", "zhao.min")
        yield self._step(at, number, "chen.jie", "assign", team=[lead, second])
        at += timedelta(days=pick.uniform(1, 4))
        yield self._step(at, number, lead, "interview", {"inquiry": {"person": "证人", "statement": "证人陈述与材料基本一致。"}}, person="witness")
        if not old and number % 9 == 5:
            at += timedelta(days=pick.uniform(1, 3))
            yield self._step(at, number, "chen.jie", "suspend", reason="expert")
            at += timedelta(days=pick.uniform(8, 15))
            yield self._step(at, number, "chen.jie", "resume")
        at += timedelta(days=pick.uniform(2, 9))
        yield self._step(at, number, second, "hear", {"inquiry": {"statement": "当事人作了陈述和申辩。"}}, result="heard")
        at += timedelta(days=pick.uniform(2, 20))
        findings = {"course": "走访、调阅材料、询问有关人员。", "findings": "反映的主要情况经核查有据。", "recommendation": "整改并完善制度。"}
        outcome = pick.choices(list(self.policy.outcomes), (4, 3, 3, 1))[0]
        yield self._step(at, number, lead, "conclude", {"inquiry": findings}, outcome=outcome)
        at += hours(6, 40)
        measures: list[dict[str, str]] = []
        if outcome in {"substantiated", "partly"} and not old:
            due = (at + timedelta(days=45)).date()
            measures = [{"id": "m1", "measure": pick.choice(list(self.policy.measures)), "due": due.isoformat()}]
        yield self._step(at, number, "liu.yang", "decide", {"inquiry": {"measures": "同意调查组意见。"}}, measures=measures)
        at += hours(6, 50)
        yield self._step(at, number, "li.wei", "answer", {"report": {"reply": "已将调查结果和处理情况告知投诉人。"}}, result="delivered")
        for measure in measures:
            at += timedelta(days=pick.uniform(10, 38))
            yield self._step(at, number, "sun.li", "verify", measure=measure["id"], result="fulfilled")
        at = received + 60 * DAY if old else at + timedelta(days=pick.uniform(3, 9))
        yield self._step(at, number, "chen.jie", "close", satisfaction=pick.choice(("satisfied", "satisfied", "dissatisfied", "unknown")))
        if number % 11 == 6 and not old:
            at += timedelta(days=pick.uniform(5, 30))
            yield self._step(at, number, "sun.li", "reopen", reason="review-requested")
            at += hours(2, 20)
            yield self._step(at, number, "chen.jie", "assign", team=[lead, second])
            at += timedelta(days=pick.uniform(5, 20))
            yield self._step(at, number, lead, "conclude", {"inquiry": findings}, outcome="partly")
            at += hours(6, 40)
            yield self._step(at, number, "liu.yang", "decide", {"inquiry": {"measures": "维持原处理意见。"}}, measures=[])
            at += hours(6, 40)
            yield self._step(at, number, "li.wei", "answer", {"report": {"reply": "已告知复核结果。"}}, result="delivered")
            at += timedelta(days=pick.uniform(3, 9))
            yield self._step(at, number, "chen.jie", "close", satisfaction="satisfied")
            return
        if old:
            at += timedelta(days=365 * YEARS + 2 + pick.uniform(1, 20))
            yield self._step(at, number, "zhou.ning", "dispose", step="propose")
            if number % 20 == 0:
                at += timedelta(days=pick.uniform(1, 5))
                yield self._step(at, number, "sun.li", "dispose", step="confirm")

    def _reviews(self) -> list[tuple[datetime, str, bytes]]:
        """The supervision reviews and annual reports of every closed period: when each is committed, its path and its text."""
        found: dict[str, tuple[datetime, str, bytes]] = {}
        for duty in self.policy.recurring.values():
            for period in periods(self.begin.date(), self.now.date(), duty.every):
                path = f"reviews/{period.id}.yaml"
                at = min(datetime(period.end.year, period.end.month, period.end.day, 15, 0, tzinfo=self.policy.timezone) + 20 * DAY, self.now)
                header = {"plaint": 1, "review": period.id, "policy": 1}
                events = [Event("open", self._id(), at, "sun.li"), Event("conclude", self._id(), at, "sun.li", {"result": "sound"})]
                data = dump_header(header) + b"".join(dump_event(event) for event in events)
                check_record(parse(data, path))
                found[path] = (at, path, data)
        return sorted(found.values())


def _key(path: Path, member: str) -> SigningKey:
    new_signing_key(path, member)
    return load_signing_key(path)


def describe(repository: Repository, folder: Path) -> list[str]:
    """What to try next."""
    first = next(iter(sorted(Organisation(repository).case_paths)), "CASE")
    return [
        _("Try, in {folder}:").format(folder=folder),
        "  plaint todo",
        f"  plaint show {first}",
        f"  plaint open {first} --as chen.jie",
        "  plaint check",
    ]
