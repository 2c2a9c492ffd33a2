"""What a reporter's browser sealed: a report or a message, as JSON (schemas/submission.schema.json), in an age file.

A report is sealed to the officers who may register, less those whom the reporter shut out. A message is sealed to the case's own `report` key,
so whoever was shut out of the case opens none; the token of the receipt in it shows that it is the reporter's.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from plaint.errors import InputError, UsageError
from plaint.i18n import _
from plaint.intake.attachments import Attachment, in_text
from plaint.model.policy import Policy
from plaint.model.schema import validate
from plaint.seal import age

CHANNEL = "online"
NAME = "online"
"""The data set that reports of the page belong to, in the keys by which what was imported is known again."""
INLINE = 1_000_000
"""How many bytes of attachments, in base64, are kept in the sealed text itself; larger ones become evidence (see `attachments`)."""
LARGEST, MOST = 32_000_000, 20
"""How many bytes of attachments, and how many, may come with one submission: in base64 and padded it stays below what a drop takes."""


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
        content = _whole(json.loads(plaintext))
    except (ValueError, RecursionError):
        raise InputError(_("it opens, and is no report of the site's page"), where=where) from None
    problems = validate(content, "submission")
    if problems:
        raise InputError(_("it opens, and is no report of the site's page: {problem}").format(problem=problems[0].message), where=where)
    if content["kind"] == "report":
        try:
            age.check_recipient(content["receipt"]["recipient"])
        except InputError:
            raise InputError(_("its receipt is damaged: nothing could be written to the reporter"), where=where) from None
    return Submission(content)


def _whole(content: Any) -> Any:
    """The same with each half of a character replaced: a browser cuts a long text between the two halves of an emoji."""
    text = json.dumps(content, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return content


def attached(submission: Submission, where: str) -> list[Attachment]:
    """The files that came with it; InputError where one is not the base64 that it says."""
    try:
        return [Attachment(each["name"], each.get("type", ""), b64decode(each["data"], validate=True)) for each in submission.content["attachments"]]
    except ValueError:
        raise InputError(_("an attachment in it is damaged"), where=where) from None


def report_bodies(submission: Submission, files: Sequence[Attachment]) -> dict[str, dict[str, Any]]:
    """What is sealed of a report, by compartment, with the files that stay in the text."""
    content = submission.content
    report = {**content["report"], "receipt": content["receipt"]["token"]}
    if files:
        report["attachments"] = in_text(files)
    bodies = {"report": report}
    if content["identity"]:
        bodies["identity"] = {**content["identity"], "language": content["language"]}
    return bodies


def message_body(submission: Submission, files: Sequence[Attachment]) -> dict[str, Any]:
    """What is sealed of a message, as part of the report, with the files that stay in the text."""
    body: dict[str, Any] = {"reply": submission.content["text"], "fields": {"submission": submission.id}}
    if files:
        body["attachments"] = in_text(files)
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
