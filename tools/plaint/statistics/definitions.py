"""What each table counts, in both languages: shown beside every figure, so that nobody has to guess.

Every table of a release is a partition of the same set, the cases first closed in its time: each case stands in exactly one of its groups,
`none` where the table does not apply to it. In some tables the course of the case decides that: a declined case has no outcome, and no limit for its
inquiry. Anybody can read in the policy which (see `sides`); so these tables say something of each other (see `told`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plaint.i18n import pick
from plaint.model.policy import ClockKind, Policy, Text

NONE = "none"
ON_TIME, LATE = "on-time", "late"
MEASURES = "measures"
"""Tables whose name begins so count measures, not cases."""
CLOCK = "clock."
"""Tables whose name begins so tell how a time limit was kept."""
SCREENING, REASON, OUTCOME = "screening", "reason", "outcome"

_NONE: Text = {"en": "does not apply", "zh": "不适用"}
_PACE: Mapping[str, Text] = {ON_TIME: {"en": "on time", "zh": "按时"}, LATE: {"en": "late", "zh": "逾期"}}
_SCREENED: Mapping[str, Text] = {"accepted": {"en": "accepted", "zh": "受理"}, "declined": {"en": "declined", "zh": "不予受理"}}
_SATISFACTION: Mapping[str, Text] = {
    "satisfied": {"en": "satisfied", "zh": "满意"},
    "dissatisfied": {"en": "dissatisfied", "zh": "不满意"},
    "unknown": {"en": "unknown", "zh": "不详"},
}
_RESULTS: Mapping[str, Text] = {
    "fulfilled": {"en": "fulfilled", "zh": "已落实"},
    "partly": {"en": "partly fulfilled", "zh": "部分落实"},
    "unfulfilled": {"en": "not fulfilled", "zh": "未落实"},
    "dropped": {"en": "dropped", "zh": "不再执行"},
}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its title, what it counts, and the words that its groups are made of, with their titles."""

    name: str
    title: Text
    definition: Text
    words: Mapping[str, Text]


def tables(policy: Policy) -> dict[str, Table]:
    """Every table that a policy makes possible, in the order in which they are shown."""
    found = [
        Table("channel", {"en": "By channel", "zh": "按渠道"}, {"en": "How the report came in.", "zh": "投诉举报的来源渠道。"}, policy.channels),
        Table(
            "category",
            {"en": "By category", "zh": "按类别"},
            {"en": "What it was about, as last corrected before the case was closed.", "zh": "投诉举报的类别（以办结前最后一次更正为准）。"},
            policy.categories,
        ),
        Table(
            SCREENING,
            {"en": "Accepted and declined", "zh": "受理与不予受理"},
            {"en": "Whether the case was taken on in the end.", "zh": "最终是否受理。"},
            {**_SCREENED, NONE: _NONE},
        ),
        Table(
            REASON,
            {"en": "Reasons for declining", "zh": "不予受理的理由"},
            {"en": "Why a case was declined.", "zh": "不予受理的理由。"},
            {**policy.reasons.get("decline", {}), NONE: {"en": "not declined", "zh": "未拒绝受理"}},
        ),
        Table(
            OUTCOME,
            {"en": "By outcome", "zh": "按调查结论"},
            {"en": "What the inquiry concluded; a case that was declined has none.", "zh": "调查终结时的结论；不予受理的案件没有结论。"},
            {**policy.outcomes, NONE: {"en": "no inquiry (declined)", "zh": "未经调查（不予受理）"}},
        ),
        Table(
            "satisfaction",
            {"en": "Whether the reporter was satisfied", "zh": "投诉人满意度"},
            {"en": "What the reporter said when the case was closed.", "zh": "办结时投诉人的意见。"},
            {**_SATISFACTION, NONE: {"en": "not asked", "zh": "未询问"}},
        ),
        *(
            Table(
                f"{CLOCK}{clock.name}",
                clock.title,
                {
                    "en": "Whether the time limit was kept, the last time it ran. Limits of an inquiry count in the cases accepted in the end, those of declining in the others.",
                    "zh": "该时限最近一次计时是否按时。调查各环节的时限只统计最终受理的案件，不予受理的时限只统计其余案件。",
                },
                {**_PACE, NONE: _NONE},
            )
            for clock in policy.clocks.values()
            if clock.kind is ClockKind.DEADLINE and not clock.per
        ),
        Table(
            f"{MEASURES}.kind",
            {"en": "Measures by kind", "zh": "按种类统计的措施"},
            {"en": "The measures decided in these cases.", "zh": "这些案件中决定的措施。"},
            policy.measures,
        ),
        Table(
            f"{MEASURES}.result",
            {"en": "What became of the measures", "zh": "措施落实情况"},
            {"en": "What their verification found last.", "zh": "最近一次核查的结果。"},
            {**_RESULTS, NONE: {"en": "not verified", "zh": "未核查"}},
        ),
    ]
    return {table.name: table for table in found}


def group_title(table: Table | None, group: str) -> str:
    """A group in words: "Letter or Visit" where words were put together."""
    words = table.words if table else {}
    return " + ".join(pick(words.get(word, {"en": word})) for word in group.split("+"))
