"""`plaint audit`: the whole history, or what is new since a checkpoint, judged commit by commit without any secret.

>>> audit(repository, "HEAD").report.exit_code()
0
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from plaint.audit.ahead import Coming, ahead
from plaint.audit.memory import Start
from plaint.audit.places import is_of_house
from plaint.check.findings import Collector, Report
from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.trees import TREE_MODE, parse_tree

if TYPE_CHECKING:
    from plaint.audit.walk import Walk
    from plaint.audit.witness import Push

Progress = Callable[[int, int], None]
"""Told how many commits of how many are done."""


@dataclass(frozen=True, slots=True)
class Audited:
    """The report, and the first commit of the history; `start` is where the next audit can begin, if the commits allow one."""

    report: Report
    root: str | None
    start: Start | None = None


def audit(
    git: Git,
    objects: Objects,
    prefix: str,
    revision: str = "HEAD",
    *,
    root: str | None = None,
    since: Sequence[str] = (),
    start: Start | None = None,
    now: datetime | None = None,
    push: Push | None = None,
    progress: Progress | None = None,
) -> Audited:
    """Everything in the history of `revision` that is not in order.

    `root` is the first commit that was pinned, `since` names commits that the history must contain; a usable `start` saves what was verified
    before. No commit may be later than `now`. Of the commits that came in `push` the times are compared with it.
    """
    found = Collector()
    head = _commit(git, objects, revision)
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        found.add("A505", "", _("this clone is shallow"))
        return Audited(Report(found.in_order(), 0, 0, head, prefix=prefix), None)
    if start is not None and not (contains(git, head, start.head) and _is_usable(start)):
        start = None
    with ahead(git, objects, head, start.head if start else None) as coming:
        # imported here, while the other process starts and git lists the commits
        from plaint.audit.added import CLOCK_SKEW
        from plaint.audit.cases import Blobs
        from plaint.audit.past import Past
        from plaint.audit.walk import Walk
        from plaint.audit.witness import Witness
        from plaint.model.calendars import load_library

        _check_tricks(git, found)
        for each in dict.fromkeys(since):
            if not contains(git, head, each):
                found.add("A504", "", _("the commit {commit} is not in the history of {head}").format(commit=each[:12], head=head[:12]), commit=each)
        _check_folders(objects, head, prefix, found)
        lasting = Collector(list(start.findings) if start else [])
        walk = Walk(Blobs(objects), prefix, Past(git, objects, prefix), lasting)
        if start is not None:
            walk.start_at(start.head, start.latest, start.root, start.texts)
        if coming.is_long:
            load_library()
        _walk(walk, coming, progress)
    if root is not None and walk.root is not None and not walk.root.startswith(root):
        found.add("A503", "", _("the history begins with {found}, and {pinned} was pinned").format(found=walk.root[:12], pinned=root[:12]), commit=walk.root)
    commits, events = len(coming.ids) + (start.commits if start else 0), walk.events + (start.events if start else 0)
    latest = walk.time(head)
    after: Start | None = Start(head, walk.root or head, commits, events, latest, tuple(walk.texts), lasting.in_order())
    if now is not None and latest > now + CLOCK_SKEW:
        found.add(
            "A305", "", _("there is a commit of {at}, and it is {now} now").format(at=latest.isoformat(), now=now.isoformat()), commit=_dated(git, head, latest)
        )
        after = None
    found.found += lasting.found
    unseen = Witness(git, objects, prefix, head, walk.house(head)).look(push, found) if push else ""
    return Audited(Report(found.in_order(), 0, events, head, commits, (unseen,) if unseen else (), prefix), walk.root, after)


def _walk(walk: Walk, coming: Coming, progress: Progress | None) -> None:
    done = 0
    with _without_collector():
        for ready in coming:
            walk.expect(ready.steps)
            for step, signer in zip(ready.steps, ready.signers, strict=True):
                walk.judge(step, signer)
            done += len(ready.steps)
            if progress:
                progress(done, len(coming.ids))


@contextmanager
def _without_collector() -> Iterator[None]:
    """Without Python's search for cycles: the walk makes none, and it would go through all that is remembered again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def contains(git: Git, head: str, commit: str) -> bool:
    """Whether a commit is in the history of another."""
    return git.call("merge-base", "--is-ancestor", commit, head).code == 0


def _commit(git: Git, objects: Objects, revision: str) -> str:
    found = objects.get(f"{revision}^{{commit}}")
    if found is None:
        if revision == "HEAD" and git.call("rev-parse", "--quiet", "--verify", "HEAD").code == 0:
            raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about="HEAD"), hint=_("git fsck says what is damaged"))
        if revision == "HEAD":
            raise EnvironmentFaultError(_("this repository has no commit yet"), hint=_("plaint init makes an organisation; then commit with plaint"))
        raise InputError(_("there is no commit “{rev}”").format(rev=revision[:80]), hint=_("git log shows the commits there are"))
    return found.sha


def _check_tricks(git: Git, found: Collector) -> None:
    refs = git.text("for-each-ref", "--format=%(refname)", "refs/replace/").split()
    for ref in refs:
        found.add("A507", ref, _("this ref makes git show another object in the place of one"))
    grafts = git.folder / git.text("rev-parse", "--git-common-dir") / "info" / "grafts"
    if grafts.is_file() and grafts.stat().st_size:
        found.add("A507", "info/grafts", _("this file makes git show other parents than commits have"))


def _check_folders(objects: Objects, head: str, prefix: str, found: Collector) -> None:
    """Whether the folders of the newest commit are what their ids say; git does not look when it reads them.

    With that, as every change of a file was judged, nothing can stand there that no commit brought.
    """
    from plaint.audit.cases import object_id

    top = objects.get(f"{head}^{{tree}}")
    waiting = [("", top.sha)] if top else []
    seen: set[str] = set()
    while waiting:
        folders, waiting = waiting, []
        for (path, sha), item in zip(folders, objects.get_many(sha for _path, sha in folders), strict=True):
            if item is None or item.type != "tree" or object_id("tree", item.data, sha) != sha:
                found.add("A506", path or sha, _("the content of this folder is not what its id says"), commit=head)
                continue
            try:
                entries = parse_tree(item.data, len(sha) // 2)
            except EnvironmentFaultError as error:
                found.add("A506", path or sha, error.what, commit=head)
                continue
            names = [entry.path for entry in entries]
            for name in {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else ():
                found.add("A404", path + name, _("the folder names this file twice"), commit=head)
            inner = [(f"{path}{e.path}/", e.sha) for e in entries if e.mode == TREE_MODE]
            mine = [each for each in inner if prefix.startswith(each[0]) or (each[0].startswith(prefix) and each[1] not in seen)]
            seen |= {sha for inside, sha in mine if inside.startswith(prefix)}  # the same folder in another place is as good
            waiting += mine


def _dated(git: Git, head: str, latest: datetime) -> str | None:
    """The commit of a time."""
    lines = (line.split() for line in git.text("rev-list", "--timestamp", head).splitlines())
    return next((sha for seconds, sha in lines if int(seconds) == int(latest.timestamp())), None)


def _is_usable(start: Start) -> bool:
    """Whether one can go on from there. Where records of the house were spoilt or removed, what they were is not seen in the newest commit."""
    return not any(is_of_house(finding.record) for finding in start.findings)
