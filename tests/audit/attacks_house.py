"""Attacks on the house: who is a member with which keys and roles, which policy is in force, and the files that steer machines and people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attack import Book
from evil import WORKFLOW, Org, at, message_of, new_id
from organisations import next_policy

from plaint.model.record import Event, dump_event, dump_header

attack = Book()
LI_WEI = "members/li.wei.yaml"
APPROVALS = "approvals:\n  policy: 2\n  roles:\n  - supervisor\n  - decider\n"
EASIER = "approvals:\n  policy: 1\n  roles:\n  - steward\n"
CLOSING = "- event: close\n  from:\n  - decided\n  to: closed\n"


# Members


@attack("A401")
def somebody_gives_themselves_a_role(org: Org) -> str:
    return org.house_event(LI_WEI, "roles", "li.wei", roles=["intake", "supervisor"])


@attack("A401")
def somebody_gives_another_a_role(org: Org) -> str:
    return org.house_event("members/chen.jie.yaml", "roles", "li.wei", roles=["coordinator", "decider"])


@attack("A401")
def somebody_gives_another_new_keys(org: Org) -> str:
    return org.house_event("members/chen.jie.yaml", "rotate", "li.wei", signing=[org.public("stranger")])


@attack("A401")
def somebody_lets_another_in(org: Org) -> str:
    return org.join("newcomer", ["steward"], "li.wei")


@attack("A401")
def somebody_sees_another_out(org: Org) -> str:
    return org.house_event("members/sun.li.yaml", "leave", "li.wei")


@attack("A201", "A401")
def somebody_edits_their_own_roles(org: Org) -> str:
    return org.commit({LI_WEI: org.read(LI_WEI).replace(b"- intake", b"- decider")}, "li.wei")


@attack("A201")
def a_steward_edits_when_somebody_joined(org: Org) -> str:
    return org.commit({LI_WEI: org.read(LI_WEI).replace(b"2022-01-05", b"2021-01-05")}, "zhou.ning")


@attack("A202")
def a_member_is_removed(org: Org) -> str:
    return org.commit({LI_WEI: None}, "zhou.ning")


@attack("A104")
def a_member_joins_in_another_stewards_name(org: Org) -> str:
    when = org.tick()
    return org.commit({"members/newcomer.yaml": org.member_file("newcomer", ["intake"], "sun.li", when)}, "zhou.ning", when=when)


@attack("P203")
def somebody_takes_anothers_key_for_theirs(org: Org) -> str:
    return org.house_event("members/zhao.min.yaml", "rotate", "zhao.min", signing=[org.public("zhao.min"), org.public("li.wei")])


@attack("P203")
def somebody_joins_with_the_key_of_one_who_left(org: Org) -> str:
    return org.join("newcomer", ["intake"], "zhou.ning", key=org.public("gao.lan"))


@attack("P201")
def somebody_joins_twice(org: Org) -> str:
    return org.house_event(LI_WEI, "join", "zhou.ning", roles=["intake"], signing=[org.public("stranger")], recipient=recipient_of(org))


def recipient_of(org: Org) -> str:
    """li.wei's age recipient."""
    return org.read(LI_WEI).decode().partition("recipient: ")[2].split()[0]


@attack("P202")
def somebody_who_left_is_given_a_role(org: Org) -> str:
    return org.house_event("members/gao.lan.yaml", "roles", "zhou.ning", roles=["intake"])


@attack("P204")
def somebody_is_given_a_role_that_is_none(org: Org) -> str:
    return org.house_event(LI_WEI, "roles", "zhou.ning", roles=["intake", "emperor"])


@attack("A302")
def somebody_joins_long_ago(org: Org) -> str:
    when = org.tick()
    return org.join("newcomer", ["intake"], "zhou.ning", when, dated=when - timedelta(days=30))


@attack("A301")
def somebody_joins_tomorrow(org: Org) -> str:
    when = org.tick()
    return org.join("newcomer", ["intake"], "zhou.ning", when, dated=when + timedelta(days=1))


@attack("S202")
def a_member_under_anothers_name(org: Org) -> str:
    when = org.tick()
    return org.commit({"members/a.newcomer.yaml": org.member_file("newcomer", ["intake"], "zhou.ning", when)}, "zhou.ning", when=when)


# The policy


def drafted(org: Org, number: int, by: str = "zhou.ning", effective: str = "2026-11-20", old: str = "", new: str = "") -> str:
    """The next revision, drafted."""
    when = org.tick()
    assert old in org.read("policy/2.yaml").decode()
    text = next_policy(org.read("policy/2.yaml"), number, effective, when, by, lambda head: head.replace(old, new, 1) if old else head)
    return org.commit({f"policy/{number}.yaml": text}, by, f"draft: policy {number}", when=when)


@attack("A201")
def the_policy_of_running_cases_is_amended(org: Org) -> str:
    return org.commit({"policy/2.yaml": org.read("policy/2.yaml").replace(b"24 hours", b"24 days")}, "zhou.ning")


@attack("A202")
def the_policy_is_removed(org: Org) -> str:
    return org.commit({"policy/2.yaml": None}, "zhou.ning")


@attack("A401")
def a_policy_is_drafted_by_somebody_without_the_role(org: Org) -> str:
    return drafted(org, 3, "li.wei")


@attack("P108")
def a_policy_is_approved_by_its_steward(org: Org) -> str:
    drafted(org, 3)
    return org.house_event("policy/3.yaml", "approve", "zhou.ning")


@attack("P108", "A401")
def a_policy_is_approved_by_somebody_without_the_role(org: Org) -> str:
    drafted(org, 3)
    return org.house_event("policy/3.yaml", "approve", "li.wei")


@attack("P108")
def a_policy_is_approved_twice_by_one(org: Org) -> str:
    drafted(org, 3)
    org.house_event("policy/3.yaml", "approve", "sun.li")
    return org.house_event("policy/3.yaml", "approve", "sun.li")


@attack("A104")
def a_policy_is_approved_in_anothers_name(org: Org) -> str:
    drafted(org, 3)
    org.house_event("policy/3.yaml", "approve", "sun.li")
    return org.house_event("policy/3.yaml", "approve", "liu.yang", signer="sun.li")


@attack("P108")
def a_draft_that_asks_for_less_lets_the_next_one_in(org: Org) -> str:
    """Revision 3, never approved, would let the steward alone approve revision 4."""
    drafted(org, 3, old=APPROVALS, new=EASIER)
    drafted(org, 4)
    return org.house_event("policy/4.yaml", "approve", "zhou.ning")


@attack("P103", "P108")
def a_number_is_left_out_so_that_nobody_must_approve(org: Org) -> str:
    sha = drafted(org, 9)
    org.house_event("policy/9.yaml", "approve", "zhou.ning")
    return sha


@attack("", code=0, check=["P101"])
def a_policy_that_cannot_work(org: Org) -> str:
    return drafted(org, 3, old=CLOSING, new=CLOSING.replace("to: closed", "to: nowhere"))


def new_case(org: Org, policy: int) -> str:
    """A case under a revision."""
    path, text, id_ = org.new_case("F0DD-0006", "li.wei", org.tick(), policy=policy)
    return org.commit({path: text}, "li.wei", message_of("receive", "F0DD-0006", id_), when=org.clock)


@attack("P105")
def a_case_under_the_old_policy(org: Org) -> str:
    return new_case(org, 1)


@attack("P105")
def a_case_under_a_policy_that_is_not_there(org: Org) -> str:
    return new_case(org, 7)


@attack("P105")
def a_case_under_a_draft(org: Org) -> str:
    drafted(org, 3)
    org.house_event("policy/3.yaml", "approve", "sun.li")
    return new_case(org, 3)


@attack("P105", "P108")
def a_case_under_a_policy_approved_in_a_way_of_its_own(org: Org) -> str:
    drafted(org, 3, old=APPROVALS, new=EASIER)
    drafted(org, 4)
    org.house_event("policy/4.yaml", "approve", "zhou.ning")
    return new_case(org, 4)


# What steers machines and people


@attack("A401")
def a_workflow_is_changed(org: Org) -> str:
    return org.commit({WORKFLOW: "jobs: {leak: {}}\n"}, "li.wei")


@attack("A401")
def a_workflow_is_removed(org: Org) -> str:
    return org.commit({WORKFLOW: None}, "chen.jie")


@attack("A401")
def a_workflow_of_another_forge(org: Org) -> str:
    return org.commit({".forgejo/workflows/leak.yml": "jobs: {}\n"}, "li.wei")


@attack("A401")
def the_pipeline_of_gitlab(org: Org) -> str:
    return org.commit({".gitlab-ci.yml": "leak: {}\n"}, "li.wei")


@attack("A401")
def the_owners_of_code(org: Org) -> str:
    return org.commit({"CODEOWNERS": "* @li.wei\n"}, "li.wei")


@attack("A401")
def a_filter_for_records(org: Org) -> str:
    return org.commit({".gitattributes": "*.yaml filter=other -text\n"}, "li.wei")


@attack("A404")
def a_filter_among_records(org: Org) -> str:
    return org.commit({"cases/.gitattributes": "*.yaml filter=other\n"}, "zhou.ning")


@attack("A401")
def the_recovery_key_is_changed(org: Org) -> str:
    text = org.read("plaint.yaml").decode()
    old = text.partition("recovery: ")[2].split()[0]
    return org.commit({"plaint.yaml": text.replace(old, recipient_of(org))}, "li.wei")


@attack("A401")
def a_schema_is_loosened(org: Org) -> str:
    return org.commit({"schemas/case.schema.json": "{}\n"}, "li.wei")


@attack("A401")
def the_site_is_changed(org: Org) -> str:
    return org.commit({"site/docs/index.md": "Report to me instead.\n"}, "li.wei")


@attack("A401")
def a_review_by_somebody_without_the_role(org: Org) -> str:
    when = org.tick()
    data = dump_header({"plaint": 1, "review": "2026-H1", "policy": 2}) + dump_event(Event("open", new_id(), when, "li.wei"))
    return org.commit({"reviews/2026-H1.yaml": data}, "li.wei", when=when)


@attack("A201")
def a_review_is_told_otherwise_afterwards(org: Org) -> str:
    when = org.tick()
    head = dump_header({"plaint": 1, "review": "2026-H1", "policy": 2}) + dump_event(Event("open", new_id(), when, "sun.li"))
    ends = [head + dump_event(Event("conclude", new_id(), when, "sun.li", {"result": result})) for result in ("gaps", "sound")]
    for data in ends:
        sha = org.commit({"reviews/2026-H1.yaml": data}, "sun.li")
    return sha


# Times


def far() -> datetime:
    """More than a year from now, whatever this machine's clock says."""
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)


@attack("A301")
def an_event_from_the_future(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", dated=org.clock + timedelta(hours=1))


@attack("A302")
def an_event_dated_back(org: Org) -> str:
    return org.event("main", "interview", "wang.fang", dated=at("2026-11-06T09:00"), person="witness", sealed=["inquiry"])


@attack("A303")
def a_commit_dated_back(org: Org) -> str:
    return org.event("main", "interview", "wang.fang", when=at("2026-11-10T09:00"), person="witness", sealed=["inquiry"])


@attack("A303")
def commits_that_creep_back(org: Org) -> str:
    """Each within the tolerance, all together a day."""
    when = at("2026-11-19T10:40")
    for _step in range(3):
        when -= timedelta(minutes=55)
        sha = org.commit({"README.md": f"# {when}\n"}, "zhou.ning", when=when)
    return sha


@attack("A305")
def a_commit_from_the_future(org: Org) -> str:
    return org.commit({"README.md": "# Works\n"}, "zhou.ning", when=far())


@attack("A305", "A303")
def an_event_of_the_future_then_one_of_today(org: Org) -> str:
    sha = org.event("new", "accept", "chen.jie", when=far())
    org.commit({"README.md": "# Works\n"}, "zhou.ning", when=at("2026-11-20T09:30"))
    return sha
