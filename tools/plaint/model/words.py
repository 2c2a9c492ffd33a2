"""What each event is called by people, in both languages, and how they tell a stretch of time: for diagrams, tables and timelines.

The name of an event is its command (`release-hold`) or the command and its step (`dispose:propose`); this is the whole list of them.

>>> event_title("dispose:propose", "en")
'propose disposal'
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from plaint.i18n import ngettext, pick

EVENTS: Mapping[str, Mapping[str, str]] = {
    "receive": {"en": "receive", "zh": "登记"},
    "acknowledge": {"en": "acknowledge", "zh": "确认收悉"},
    "accept": {"en": "accept", "zh": "受理"},
    "decline": {"en": "decline", "zh": "不予受理"},
    "notify": {"en": "notify", "zh": "告知"},
    "assign": {"en": "assign", "zh": "组成调查组"},
    "evidence": {"en": "add evidence", "zh": "收集证据"},
    "hand-over": {"en": "hand evidence over", "zh": "移交证据"},
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
    "redact": {"en": "redact", "zh": "遮盖"},
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
    "export": {"en": "hand parts over", "zh": "移交案卷"},
}
"""Every event of a case, by name; those that have steps stand whole and by step."""

STEPS: Mapping[str, tuple[str, ...]] = {
    "dispose": ("propose", "confirm", "withdraw"),
    "disclose": ("request", "grant", "refuse", "inform"),
}
"""The events that are taken in steps."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "delivered": {"en": "delivered", "zh": "已送达"},
    "unreachable": {"en": "unreachable", "zh": "无法联系"},
    "document": {"en": "document", "zh": "书面材料"},
    "recording": {"en": "recording", "zh": "音视频"},
    "testimony": {"en": "testimony", "zh": "证人证言"},
    "small": {"en": "small", "zh": "小"},
    "medium": {"en": "medium", "zh": "中"},
    "large": {"en": "large", "zh": "大"},
    "whole": {"en": "whole", "zh": "完好"},
    "missing": {"en": "missing", "zh": "缺失"},
    "elsewhere": {"en": "in Git LFS, not in this clone", "zh": "在 Git LFS，本克隆没有"},
    "damaged": {"en": "damaged", "zh": "损坏"},
    "reporter": {"en": "reporter", "zh": "投诉人"},
    "witness": {"en": "witness", "zh": "证人"},
    "respondent": {"en": "respondent", "zh": "被反映人"},
    "expert": {"en": "expert", "zh": "专家"},
    "heard": {"en": "heard", "zh": "已听取"},
    "waived": {"en": "waived", "zh": "放弃陈述"},
    "fulfilled": {"en": "fulfilled", "zh": "已落实"},
    "partly": {"en": "partly", "zh": "部分落实"},
    "unfulfilled": {"en": "unfulfilled", "zh": "未落实"},
    "dropped": {"en": "dropped", "zh": "不再执行"},
    "satisfied": {"en": "satisfied", "zh": "满意"},
    "dissatisfied": {"en": "dissatisfied", "zh": "不满意"},
    "unknown": {"en": "unknown", "zh": "不详"},
    "duplicate": {"en": "duplicate", "zh": "重复件"},
    "related": {"en": "related", "zh": "相关"},
    "to-reporter": {"en": "to the reporter", "zh": "发给投诉人"},
    "from-reporter": {"en": "from the reporter", "zh": "来自投诉人"},
}
"""The words of the case schema's own closed lists; those of a policy bring their titles along."""

CODES: Mapping[str, Mapping[str, str]] = {
    "channel": {"en": "channel", "zh": "渠道"},
    "category": {"en": "category", "zh": "类别"},
    "result": {"en": "result", "zh": "结果"},
    "reason": {"en": "reason", "zh": "理由"},
    "team": {"en": "team", "zh": "调查组"},
    "kind": {"en": "kind", "zh": "种类"},
    "digest": {"en": "digest", "zh": "摘要"},
    "size": {"en": "size", "zh": "大小"},
    "cleans": {"en": "cleaned copy of", "zh": "清理件，原件"},
    "piece": {"en": "piece of evidence", "zh": "证据"},
    "person": {"en": "person", "zh": "对象"},
    "clock": {"en": "clock", "zh": "时限"},
    "until": {"en": "until", "zh": "延至"},
    "outcome": {"en": "outcome", "zh": "结论"},
    "measures": {"en": "measures", "zh": "措施"},
    "measure": {"en": "measure", "zh": "措施"},
    "satisfaction": {"en": "satisfaction", "zh": "满意度"},
    "corrects": {"en": "corrects", "zh": "更正"},
    "redacts": {"en": "redacts", "zh": "遮盖"},
    "part": {"en": "part", "zh": "部分"},
    "other": {"en": "other case", "zh": "另一案件"},
    "relation": {"en": "relation", "zh": "关系"},
    "direction": {"en": "direction", "zh": "方向"},
    "request": {"en": "request", "zh": "申请"},
    "compartments": {"en": "parts", "zh": "部分"},
    "recipient": {"en": "recipient's key", "zh": "接收方密钥"},
}
"""The open codes of events, as people call them."""


def code_title(code: str) -> str:
    """What people call an open code of an event."""
    return pick(CODES.get(code) or {"en": code})


def word_title(word: str) -> str:
    """What people call a word of the case schema; the word itself if it is none."""
    return pick(WORDS.get(word) or {"en": word})


def event_title(name: str, language: str = "") -> str:
    """What people call an event, in the language given or in force; the name itself if it is not known."""
    text = EVENTS.get(name) or {"en": name}
    return text.get(language) or pick(text)


def local(moment: datetime, zone: ZoneInfo) -> str:
    """A time for people: local, to the minute."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def stretch(delta: timedelta) -> str:
    """A stretch of time: "3 days", or "5 hours" where it is less than two days, or "20 minutes"; before or after is for the sentence around it."""
    minutes = int(abs(delta).total_seconds() // 60)
    days, hours = minutes // (24 * 60), minutes // 60
    if days > 1:
        return ngettext("{n} day", "{n} days", days).format(n=days)
    if hours:
        return ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
