"""Can the people there are work by a policy? Each event, compartment, approval and team needs its members, and duties must be kept apart.

People are counted as the roster has them now; whoever may be in an inquiry team counts for what the team may do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from plaint.i18n import _, listed, ngettext, pick, semicolon
from plaint.model.course import event_names
from plaint.model.policy import TEAM, Policy
from plaint.model.roster import Roster

Finding = tuple[str, str]


def against_people(policy: Policy, roster: Roster) -> list[Finding]:
    """What the active members of a roster cannot do of what the policy asks, as (code, message)."""
    candidates = [m for m in roster.active() if (now := roster.now(m)) and set(policy.team.roles) <= now.roles]
    return [
        *_roles_held(policy, roster, candidates),
        *_members_approved(policy, roster),
        *_team_possible(policy, roster, candidates),
        *_duties_apart(policy, roster, candidates),
    ]


def _able(roster: Roster, roles: Iterable[str], candidates: Sequence[str]) -> set[str]:
    return {*roster.with_roles(roles), *(candidates if TEAM in roles else ())}


def _role_names(policy: Policy, roles: Iterable[str]) -> str:
    return listed(pick(policy.roles[r]) if r in policy.roles else _("member of the inquiry team") for r in roles)


def _roles_held(policy: Policy, roster: Roster, candidates: Sequence[str]) -> Iterator[Finding]:
    for options in policy.transitions.values():
        for t in options:
            if t.roles and not _able(roster, t.roles, candidates):
                words = {"event": event_names(t)[0], "roles": _role_names(policy, t.roles)}
                yield "nobody-may", _("no member may {event}: nobody holds the role {roles}").format(**words)
    for name, compartment in policy.compartments.items():
        if compartment.holders and not _able(roster, compartment.holders, candidates):
            words = {"word": name, "roles": _role_names(policy, compartment.holders)}
            yield "nobody-holds", _("no member could open the compartment {word}: nobody holds the role {roles}").format(**words)
    approvers = roster.with_roles(policy.approvers)
    if len(approvers) < policy.approvals:
        needed = ngettext("a new revision needs {n} approval", "a new revision needs {n} approvals", policy.approvals).format(n=policy.approvals)
        able = ngettext("{n} member may approve ({roles})", "{n} members may approve ({roles})", len(approvers))
        yield "too-few-approvers", needed + semicolon() + able.format(n=len(approvers), roles=_role_names(policy, policy.approvers))
    if (others := policy.reminders.escalate_to) and not roster.with_roles(others):
        yield "nobody-reminded", _("nobody would hear of what stays late: nobody holds the role {roles}").format(roles=_role_names(policy, others))
    if not roster.with_roles(policy.stewards):
        yield "nobody-stewards", _("nobody may change the members: nobody holds the role {roles}").format(roles=_role_names(policy, policy.stewards))


def _members_approved(policy: Policy, roster: Roster) -> Iterator[Finding]:
    """Whether somebody else could approve what each of those who keep the members proposes."""
    rules = policy.membership
    stewards = roster.with_roles(policy.stewards)
    others = min((len(set(roster.with_roles(rules.roles)) - {steward}) for steward in stewards), default=None) if rules else None
    if rules and others is not None and others < rules.approvals:
        needed = ngettext("a change of members needs {n} approval", "a change of members needs {n} approvals", rules.approvals).format(n=rules.approvals)
        able = ngettext("{n} other could give one ({roles})", "{n} others could give one ({roles})", others)
        yield "too-few-for-members", needed + semicolon() + able.format(n=others, roles=_role_names(policy, rules.roles))


def _team_possible(policy: Policy, roster: Roster, candidates: Sequence[str]) -> Iterator[Finding]:
    if len(candidates) < policy.team.least:
        words = {"n": str(len(candidates)), "least": str(policy.team.least), "roles": _role_names(policy, policy.team.roles)}
        yield "team-too-small", _("an inquiry team has at least {least} members, and {n} could be in one ({roles})").format(**words)
    known = {field for m in candidates if (now := roster.now(m)) for field in now.expertise}
    for category, fields in policy.team.expertise.items():
        if category in policy.categories and not known & set(fields):
            words = {"category": pick(policy.categories[category]), "fields": listed(pick(policy.expertise.get(f, {"en": f})) for f in fields)}
            yield "team-without-expertise", _("nobody who could be in a team knows the field that {category} asks for: {fields}").format(**words)


def _duties_apart(policy: Policy, roster: Roster, candidates: Sequence[str]) -> Iterator[Finding]:
    """Casts every duty that is kept apart from another; the whole at once, for each may be possible and all together not."""
    able: dict[str, set[str]] = {}
    for duty in dict.fromkeys(duty for pair in policy.apart for duty in pair):
        roles = [t.roles for t in policy.transitions.get(duty.partition(":")[0], ()) if duty == t.event or duty in event_names(t)]
        able[duty] = set().union(*(_able(roster, r, candidates) for r in roles)) if roles else set()
    if not all(able.values()):
        return  # a duty that nobody has at all is reported by its role
    if _cast(policy.apart, able) is not None:
        return
    impossible = [pair for pair in policy.apart if _cast([pair], {d: able[d] for d in pair}) is None] or list(policy.apart)
    pairs = semicolon().join(" / ".join(pair) for pair in impossible)
    yield "duties-not-apart", _("there are too few people to keep these duties apart: {pairs}").format(pairs=pairs)


def _cast(apart: Iterable[tuple[str, str]], able: Mapping[str, set[str]]) -> dict[str, str] | None:
    """Somebody for each duty so that no pair falls to one person; None where that cannot be."""
    pairs = list(apart)
    duties = sorted(able, key=lambda d: (len(able[d]), d))

    def place(index: int, cast: dict[str, str]) -> dict[str, str] | None:
        if index == len(duties):
            return cast
        duty = duties[index]
        taken = {cast[b if a == duty else a] for a, b in pairs if duty in (a, b) and (b if a == duty else a) in cast}
        for member in sorted(able[duty] - taken):
            found = place(index + 1, {**cast, duty: member})
            if found is not None:
                return found
        return None

    return place(0, {})
