"""The commits that touched one file, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from plaint.store.repository import Repository


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit; `signed` says that it carries a signature, not that the signature was verified."""

    sha: str
    at: datetime
    author: str
    subject: str
    signed: bool


def history(repository: Repository, path: str) -> list[Commit]:
    """The commits that touched `path`, newest first."""
    out = repository.git.text("log", "--format=%H%x00%cI%x00%an%x00%s", "HEAD", "--", repository.prefix + path)
    rows = [line.split("\0") for line in out.splitlines() if line]
    commits = repository.objects.get_many(sha for sha, *_rest in rows)
    return [
        Commit(sha, datetime.fromisoformat(at), author, subject, commit is not None and b"\ngpgsig " in commit.data.split(b"\n\n", 1)[0])
        for (sha, at, author, subject), commit in zip(rows, commits, strict=True)
    ]


def last_commit(repository: Repository) -> datetime:
    """When HEAD was committed, by the clock of whoever did."""
    return datetime.fromisoformat(repository.git.text("log", "-1", "--format=%cI", "HEAD"))


def first_commit(repository: Repository) -> str:
    """The commit that the history of HEAD begins with."""
    return repository.git.text("rev-list", "--max-parents=0", "--first-parent", "HEAD").split()[-1]
