"""Benign work with plain git and forges: files that are nobody's matter, other ways to sign, merges."""

from __future__ import annotations

import subprocess

from benign import Book
from benign_house import draft
from consent import approve
from evil import NOW, WORKFLOW, Org, at, environment

benign = Book()


# Files that are nobody's matter


@benign
def anybody_improves_the_readme(org: Org) -> None:
    org.commit({"README.md": "# Works\n", "docs/how.md": "So.\n", "docs/photo.jpg": b"\xff\xd8\0", "docs/名字.md": "是\n"}, "li.wei")
    org.commit({"docs/how.md": None, "docs/run.sh": ("100755", org.put("echo\n")), "docs/link": ("120000", org.put("how.md"))}, "he.ping")


@benign
def a_commit_by_plain_git(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# By hand\n")
    org.git(*signing(org, "chen.jie"), "commit", "-q", "-S", "-a", "-m", "by hand", env=dated(org))


def signing(org: Org, member: str) -> list[str]:
    """Git's own settings for signing."""
    return ["-c", "gpg.format=ssh", "-c", f"user.signingKey={org.keys / member}", "-c", f"user.name={member}", "-c", f"user.email={member}@example.org"]


def dated(org: Org) -> dict[str, str]:
    """The time of a commit that git makes."""
    return {"GIT_AUTHOR_DATE": org.tick().isoformat(), "GIT_COMMITTER_DATE": org.clock.isoformat()}


@benign
def a_commit_with_a_key_in_the_agent(org: Org) -> None:
    org.git("reset", "-q", "--hard")
    (org.folder / "README.md").write_text("# By agent\n")
    socket = str(org.home / "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL)
    try:
        env = {**environment(org.home, NOW), "SSH_AUTH_SOCK": socket}
        for _try in range(100):
            if subprocess.run(["ssh-add", "-q", str(org.keys / "chen.jie")], env=env, capture_output=True, check=False).returncode == 0:
                break
        settings = signing(org, "chen.jie")
        settings[3] = f"user.signingKey=key::{org.public('chen.jie')}"
        org.git(*settings, "commit", "-q", "-S", "-a", "-m", "by agent", env={**dated(org), "SSH_AUTH_SOCK": socket})
    finally:
        agent.terminate()
        agent.wait()


@benign
def a_commit_that_changes_nothing(org: Org) -> None:
    org.commit({}, "li.wei", "nothing")


@benign
def times_of_other_places(org: Org) -> None:
    org.event("new", "accept", "chen.jie", zone="-1130")
    org.event("main", "message", "li.wei", zone="+1400", direction="to-reporter", sealed=["report"])
    org.event("main", "message", "li.wei", zone="+0545", dated=at("2026-11-20T03:25:00+02:00"), direction="to-reporter", sealed=["report"])


@benign
def words_of_other_alphabets_in_a_message(org: Org) -> None:
    org.commit({"README.md": "# 你好\n"}, "li.wei", "更新说明 🙂\n\nSigned-off-by: 李伟 <li.wei@example.org>")


# Merges


def sides(org: Org) -> tuple[str, str]:
    base = org.head
    ours = org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"])
    return ours, org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")


@benign
def a_forge_merges_two_lines(org: Org) -> None:
    org.merge(*sides(org))


@benign
def a_merge_by_a_member(org: Org) -> None:
    org.merge(*sides(org), by="li.wei")


@benign
def a_merge_by_plain_git(org: Org) -> None:
    ours, theirs = sides(org)
    org.git("reset", "-q", "--hard", ours)
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "merge", "-q", "--no-edit", theirs, env=dated(org))


@benign
def a_merge_signed_by_a_forge(org: Org) -> None:
    """With the forge's OpenPGP key, which is nobody's here."""
    sha = org.merge(*sides(org))
    head, message = org.git("cat-file", "commit", sha).split("\n\n", 1)
    pgp = "-----BEGIN PGP SIGNATURE-----\n \n wsFcBAABCAAQBQJ\n =abcd\n -----END PGP SIGNATURE-----"
    org.move(org.put(f"{head}\ngpgsig {pgp}\n\n{message}\n", "commit"))


@benign
def a_signed_tag_is_merged(org: Org) -> None:
    ours, theirs = sides(org)
    org.git(*signing(org, "chen.jie"), "tag", "-s", "-m", "release", "v1", theirs)
    org.git("reset", "-q", "--hard", ours)
    org.git("-c", "user.name=x", "-c", "user.email=x@example.org", "merge", "-q", "--no-edit", "v1", env=dated(org))
    assert "mergetag" in org.git("cat-file", "commit", "HEAD")


@benign
def a_merge_that_only_goes_forward(org: Org) -> None:
    base = org.head
    tip = org.event("new", "accept", "chen.jie", ref="refs/heads/side")
    tree = org.git("rev-parse", f"{tip}^{{tree}}")
    org.move(org.write_commit(tree, [base, tip], "Merge pull request #2", None))


@benign
def three_lines_in_one_merge(org: Org) -> None:
    base = org.head
    third = org.event("run", "assign", "chen.jie", team=["wang.fang", "zhao.min"], ref="refs/heads/third", keyring="0" * 64)
    org.move(base)
    org.merge(*sides(org), third)


@benign
def lines_that_cross(org: Org) -> None:
    ours, theirs = sides(org)
    one = org.merge(ours, theirs)
    other = org.write_commit(org.git("rev-parse", "HEAD^{tree}"), [theirs, ours], "Merge", None)
    org.move(one)
    tip = org.commit({"README.md": "# Works\n"}, "li.wei")
    org.merge(tip, other)


@benign
def both_sides_change_the_readme(org: Org) -> None:
    base, text = org.head, org.read("README.md").decode()
    ours = org.commit({"README.md": text.replace("First.", "First of all.")}, "li.wei")
    theirs = org.commit({"README.md": text.replace("Last.", "Last of all.")}, "chen.jie", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def both_sides_change_the_readme_alike(org: Org) -> None:
    base = org.head
    ours = org.commit({"README.md": "# Works\n"}, "li.wei")
    theirs = org.commit({"README.md": "# Works\n"}, "chen.jie", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_new_workflow_is_merged(org: Org) -> None:
    base = org.head
    ours = org.event("new", "accept", "chen.jie")
    theirs = org.commit({WORKFLOW: "jobs: {}\n", ".github/CODEOWNERS": "* @zhou\n"}, "zhou.ning", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_workflow_is_taken_out_on_one_side(org: Org) -> None:
    base = org.head
    ours = org.event("new", "accept", "chen.jie")
    theirs = org.commit({WORKFLOW: None}, "zhou.ning", parents=[base], ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def somebody_joins_on_one_side(org: Org) -> None:
    base = org.head
    ours = org.event("new", "accept", "chen.jie")
    org.move(base)
    org.join("newcomer", ["intake"], "zhou.ning")
    approve(org, "newcomer", "sun.li")
    org.git("update-ref", "refs/heads/side", org.head)
    theirs = org.event("main", "message", "newcomer", parent=org.rev("side"), ref="refs/heads/side", direction="to-reporter", sealed=["report"])
    org.move(ours)
    org.merge(ours, theirs)


@benign
def somebody_leaves_on_one_side_after_their_last_event(org: Org) -> None:
    base = org.event("main", "message", "li.wei", direction="to-reporter", sealed=["report"])
    ours = org.house_event("members/li.wei.yaml", "leave", "zhou.ning")
    theirs = org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_policy_is_approved_on_one_side(org: Org) -> None:
    base = org.head
    draft(org, 3, "2026-11-20")
    org.house_event("policy/3.yaml", "approve", "sun.li")
    ours = org.house_event("policy/3.yaml", "approve", "liu.yang")
    theirs = org.event("new", "accept", "chen.jie", parent=base, ref="refs/heads/side")
    org.merge(ours, theirs)


@benign
def a_branch_of_a_month_without_events(org: Org) -> None:
    base = org.git("log", "--format=%H", "--grep", "^readme", "-1")
    text = org.read("README.md", base).decode()
    theirs = org.commit({"README.md": text.replace("First.", "1.")}, "li.wei", parents=[base], ref="refs/heads/side", when=at("2026-11-07T09:00"))
    org.merge(org.rev("main"), theirs)
