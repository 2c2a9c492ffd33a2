"""What a reporter's browser sealed: a report or a message, as JSON (schemas/submission.schema.json), in an age file.

A report is sealed to the officers who may register, less those whom the reporter shut out. A message is sealed to the case's own `report` key,
so whoever was shut out of the case opens none; the token of the receipt in it shows that it is the reporter's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plaint.errors import InputError, UsageError
from plaint.i18n import _
from plaint.model.policy import Policy
from plaint.model.schema import validate

CHANNEL = "online"
NAME = "online"
"""The data set that reports of the page belong to, in the keys by which what was imported is known again."""
INLINE = 1_000_000
"""How many bytes of attachments, in base64, are kept in the sealed text itself."""


@dataclass(frozen=True, slots=True)
class Submission:
    """A report or a message, valid by its schema."""

    content: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """`report` or `message`."""
        return str(self.content["kind"])

    @property
    def id(self) -> str:
        """Chosen by the browser: the same file is known again by it."""
        return str(self.content["id"])


def read_submission(plaintext: bytes, where: str) -> Submission:
    """The submission in an opened file; InputError where it is none. A message never quotes what is in it."""
    try:
        content = json.loads(plaintext)
    except (ValueError, RecursionError):
        raise InputError(_("it opens, and is no report of the site's page"), where=where) from None
    problems = validate(content, "submission")
    if problems:
        raise InputError(problems[0].message, where=where)
    if sum(len(each["data"]) for each in content["attachments"]) > INLINE:
        raise InputError(_("its attachments are larger than {n} kB").format(n=INLINE * 3 // 4 // 1000), where=where)
    return Submission(content)


def report_bodies(submission: Submission) -> dict[str, dict[str, Any]]:
    """What is sealed of a report, by compartment."""
    content = submission.content
    report = {**content["report"], "receipt": content["receipt"]["token"]}
    if content["attachments"]:
        report["attachments"] = content["attachments"]
    bodies = {"report": report}
    if content["identity"]:
        bodies["identity"] = {**content["identity"], "language": content["language"]}
    return bodies


def message_body(submission: Submission) -> dict[str, Any]:
    """What is sealed of a message, as part of the report."""
    content = submission.content
    body: dict[str, Any] = {"reply": content["text"], "fields": {"submission": submission.id}}
    if content["attachments"]:
        body["attachments"] = content["attachments"]
    return body


def category_of(submission: Submission, policy: Policy) -> str:
    """The category that the reporter chose; UsageError where the policy has it no more."""
    category = str(submission.content["category"])
    if category not in policy.categories:
        raise UsageError(_("{word} is none of: {words}").format(word=category, words=", ".join(policy.categories)), hint=_("give --category"))
    return category


def arrival(file_time: datetime, now: datetime) -> datetime:
    """When a file arrived: its own time, unless that is still to come. The browser's clock is the reporter's affair."""
    return min(file_time, now)
