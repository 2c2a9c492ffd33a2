"""Merges: they bring together what their parents hold, and nothing of their own. So a forge's unsigned merge commit does no harm.

Rules:
- Every file of a merge is as one of its parents has it.
- A record is the longer of its parents' versions, and begins with each of the others: what a parent recorded is never left out.
- Another file is as the side has it that changed it since the parents' common beginning: a merge cannot take a change back. Where both
  sides changed it, it is what git itself makes of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from plaint.audit.cases import Blobs
from plaint.audit.commits import Commit
from plaint.audit.history import Changed
from plaint.check.findings import Collector
from plaint.check.form import FOLDERS
from plaint.i18n import _

BaseOf = Callable[[Sequence[str], str], str | None]
"""The id of a file, by its path, in the newest commit that all parents stand on; None where it is not there."""

MergeOf = Callable[[Sequence[str], str], str | None]
"""The id of git's own merge of a file, by its path; None where the sides do not agree."""


def check_merge(commit: Commit, changes: Sequence[Sequence[Changed]], blobs: Blobs, base_of: BaseOf, merge_of: MergeOf, found: Collector) -> None:
    """A merge commit, by its changes against each parent."""
    by_parent = [{change.path: change for change in each} for each in changes]
    for path in sorted({path for each in by_parent for path in each}):
        problem = _problem(commit, path, [each.get(path) for each in by_parent], blobs, base_of, merge_of)
        if problem:
            found.add("A501", path, problem, commit=commit.sha)


def _problem(commit: Commit, path: str, against: Sequence[Changed | None], blobs: Blobs, base_of: BaseOf, merge_of: MergeOf) -> str:
    """What is wrong with one path; `against` holds its change against each parent, None where it is as that parent has it."""
    differing = [change for change in against if change is not None]
    is_record = any(pattern.fullmatch(path) for _folder, pattern in FOLDERS.values())
    if None not in against:
        by_git = not is_record and all(change.mode == change.old_mode for change in differing) and merge_of(commit.parents, path) == differing[0].new
        return "" if by_git else _("it is as no parent of the merge has it")
    if is_record:
        if any(change.old_mode and not _grew(change, blobs) for change in differing):
            return _("the merge leaves out what a parent recorded")
        return ""
    base = base_of(commit.parents, path)
    if any((change.new if change.mode else None) == base for change in differing):
        return _("the merge takes back what a parent changed")
    return ""


def _grew(change: Changed, blobs: Blobs) -> bool:
    old, new = blobs.data(change.old), blobs.data(change.new) if change.mode else None
    return old is not None and new is not None and new.startswith(old)
