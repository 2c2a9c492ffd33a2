"""`plaint audit`: the whole history, or what is new since a checkpoint, judged commit by commit without any secret.

>>> audit(repository, "HEAD").report.exit_code()
0
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from plaint.audit.cases import Blobs
from plaint.audit.commits import CommitError, parse_commit
from plaint.audit.history import History, Step, shas
from plaint.audit.house import House
from plaint.audit.memory import Start
from plaint.audit.signatures import Verdict, Verifiers
from plaint.audit.walk import Walk
from plaint.check.findings import Collector, Finding, Report
from plaint.errors import EnvironmentFaultError, InputError
from plaint.i18n import _
from plaint.store.git import Git
from plaint.store.objects import Objects
from plaint.store.trees import FILE_MODES

Progress = Callable[[int, int], None]
"""Told how many commits of how many are done."""


@dataclass(frozen=True, slots=True)
class Audited:
    """The report, and the first commit of the history; `lasting` are the findings that lie in the commits, and stay."""

    report: Report
    root: str | None
    lasting: tuple[Finding, ...] = ()


def audit(
    git: Git,
    objects: Objects,
    prefix: str,
    revision: str = "HEAD",
    *,
    root: str | None = None,
    since: Sequence[str] = (),
    start: Start | None = None,
    progress: Progress | None = None,
) -> Audited:
    """Everything in the history of `revision` that is not in order.

    `root` is the first commit that was pinned, `since` names commits that the history must contain; a usable `start` saves what was verified before.
    """
    found = Collector()
    head = _commit(objects, revision)
    if git.text("rev-parse", "--is-shallow-repository") == "true":
        found.add("A505", "", _("this clone is shallow"))
        return Audited(Report(found.in_order(), 0, 0, head, prefix=prefix), None)
    _check_tricks(git, found)
    for each in dict.fromkeys(since):
        if not contains(git, head, each):
            found.add("A504", "", _("the commit {commit} is not in the history of {head}").format(commit=each[:12], head=head[:12]), commit=each)
    if start is not None and not contains(git, head, start.head):
        start = None
    ids = shas(git, head, start.head if start else None)
    lasting = Collector(list(start.findings) if start else [])
    walk = Walk(Blobs(objects), prefix, lambda parents, path: _base(git, objects, parents, prefix + path), lasting)
    if start is not None:
        walk.start_at(start.head, *_house_at(objects, start.head, prefix), start.root)
    _walk(walk, ids, git, objects, progress)
    if root is not None and walk.root is not None and not walk.root.startswith(root):
        found.add("A503", "", _("the history begins with {found}, and {pinned} was pinned").format(found=walk.root[:12], pinned=root[:12]), commit=walk.root)
    commits, events = len(ids) + (start.commits if start else 0), walk.events + (start.events if start else 0)
    found.found += lasting.found
    return Audited(Report(found.in_order(), 0, events, head, commits, prefix=prefix), walk.root, lasting.in_order())


def _walk(walk: Walk, ids: Sequence[str], git: Git, objects: Objects, progress: Progress | None) -> None:
    """Chunk after chunk: while one is judged, the signatures of the next are verified."""
    done = 0
    with Verifiers(len(ids)) as verifiers:

        def judge(steps: Sequence[Step], verdicts: Sequence[Verdict | None]) -> int:
            walk.prefetch(steps)
            for step, verdict in zip(steps, verdicts, strict=True):
                walk.judge(step, verdict)
            if progress:
                progress(done + len(steps), len(ids))
            return len(steps)

        waiting: Sequence[Step] = ()
        for steps in History(git, objects).steps(ids):
            verdicts = verifiers.receive()
            verifiers.send([(s.commit.payload, s.commit.signature) if s.commit and len(s.commit.parents) < 2 else (b"", "") for s in steps])
            done += judge(waiting, verdicts)
            waiting = steps
        judge(waiting, verifiers.receive())


def contains(git: Git, head: str, commit: str) -> bool:
    """Whether a commit is in the history of another."""
    return git.call("merge-base", "--is-ancestor", commit, head).code == 0


def _commit(objects: Objects, revision: str) -> str:
    found = objects.get(f"{revision}^{{commit}}")
    if found is None:
        if revision == "HEAD":
            raise EnvironmentFaultError(_("this repository has no commit yet"), hint=_("plaint init makes an organisation; then commit with plaint"))
        raise InputError(_("there is no commit “{rev}”").format(rev=revision[:80]), hint=_("git log shows the commits there are"))
    return found.sha


def _check_tricks(git: Git, found: Collector) -> None:
    refs = git.text("for-each-ref", "--format=%(refname)", "refs/replace/").split()
    for ref in refs:
        found.add("A507", ref, _("this ref makes git show another object in the place of one"))
    grafts = git.folder / git.text("rev-parse", "--git-path", "info/grafts")
    if grafts.is_file() and grafts.stat().st_size:
        found.add("A507", "info/grafts", _("this file makes git show other parents than commits have"))


def _house_at(objects: Objects, sha: str, prefix: str) -> tuple[House, datetime]:
    """The house as a commit has it, and the commit's time."""
    found = objects.get(sha)
    try:
        commit = parse_commit(sha, found.data if found else b"")
    except CommitError as error:
        raise EnvironmentFaultError(_("git cannot read an object: {about}").format(about=sha), hint=_("git fsck says what is damaged")) from error
    names = [f"{folder}/{e.path.rpartition('/')[2]}" for folder in ("members", "policy") for e in objects.ls_tree(sha, prefix + folder) if e.mode in FILE_MODES]
    paths = ["plaint.yaml", *names]
    files = zip(paths, objects.read_blobs(f"{sha}:{prefix}{path}" for path in paths), strict=True)
    return House().changed(files), commit.at


def _base(git: Git, objects: Objects, parents: Sequence[str], path: str) -> str | None:
    """The id of a file in the newest commit that all parents stand on."""
    result = git.call("merge-base", "--octopus", *parents)
    base = result.output.decode("ascii").strip()
    found = objects.get(f"{base}:{path}") if result.code == 0 and base else None
    return found.sha if found else None
