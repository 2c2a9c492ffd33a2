"""What each event is called by people, in both languages, and how they tell a stretch of time: for diagrams, tables and timelines.

The name of an event is its command (`release-hold`) or the command and its step (`dispose:propose`); this is the whole list of them.

>>> event_title("dispose:propose", "en")
'propose disposal'
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from plaint.i18n import ngettext, pick

EVENTS: Mapping[str, Mapping[str, str]] = {
    "receive": {"en": "receive", "zh": "登记"},
    "acknowledge": {"en": "acknowledge", "zh": "确认收悉"},
    "accept": {"en": "accept", "zh": "受理"},
    "decline": {"en": "decline", "zh": "不予受理"},
    "notify": {"en": "notify", "zh": "告知"},
    "assign": {"en": "assign", "zh": "组成调查组"},
    "evidence": {"en": "add evidence", "zh": "收集证据"},
    "interview": {"en": "interview", "zh": "谈话"},
    "hear": {"en": "hear the respondent", "zh": "听取被反映人意见"},
    "extend": {"en": "extend", "zh": "延期"},
    "suspend": {"en": "suspend", "zh": "中止"},
    "resume": {"en": "resume", "zh": "恢复"},
    "conclude": {"en": "conclude", "zh": "终结调查"},
    "decide": {"en": "decide", "zh": "作出决定"},
    "answer": {"en": "answer", "zh": "反馈"},
    "verify": {"en": "verify", "zh": "核查整改"},
    "close": {"en": "close", "zh": "办结"},
    "reopen": {"en": "reopen", "zh": "重新办理"},
    "hold": {"en": "hold", "zh": "冻结保全"},
    "release-hold": {"en": "release the hold", "zh": "解除冻结"},
    "dispose": {"en": "dispose", "zh": "销毁"},
    "dispose:propose": {"en": "propose disposal", "zh": "提议销毁"},
    "dispose:confirm": {"en": "confirm disposal", "zh": "确认销毁"},
    "dispose:withdraw": {"en": "withdraw disposal", "zh": "撤回销毁"},
    "correct": {"en": "correct", "zh": "更正"},
    "link": {"en": "link", "zh": "关联"},
    "message": {"en": "message", "zh": "沟通"},
    "disclose": {"en": "disclose", "zh": "披露身份"},
    "disclose:request": {"en": "request the identity", "zh": "申请披露身份"},
    "disclose:grant": {"en": "grant the identity", "zh": "准予披露身份"},
    "disclose:refuse": {"en": "refuse the identity", "zh": "拒绝披露身份"},
    "disclose:inform": {"en": "inform of the disclosure", "zh": "告知披露"},
    "grant": {"en": "grant access", "zh": "授权查阅"},
    "revoke": {"en": "revoke access", "zh": "撤销查阅"},
    "rekey": {"en": "renew keys", "zh": "更换密钥"},
}
"""Every event of a case, by name; those that have steps stand whole and by step."""

STEPS: Mapping[str, tuple[str, ...]] = {
    "dispose": ("propose", "confirm", "withdraw"),
    "disclose": ("request", "grant", "refuse", "inform"),
}
"""The events that are taken in steps."""


def event_title(name: str, language: str = "") -> str:
    """What people call an event, in the language given or in force; the name itself if it is not known."""
    text = EVENTS.get(name) or {"en": name}
    return text.get(language) or pick(text)


def stretch(delta: timedelta) -> str:
    """A stretch of time: "3 days", or "5 hours" where it is less than two days, or "20 minutes"; before or after is for the sentence around it."""
    minutes = int(abs(delta).total_seconds() // 60)
    days, hours = minutes // (24 * 60), minutes // 60
    if days > 1:
        return ngettext("{n} day", "{n} days", days).format(n=days)
    if hours:
        return ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
