"""Attacks with git itself: places where records do not belong, objects that are not what their ids say, and clones set to show something else."""

from __future__ import annotations

import zlib
from pathlib import Path

from attack import Book, Done
from attacks_history import another_history
from evil import Org, message_of

from plaint.seal.age import generate
from plaint.seal.identity import load_identity
from plaint.seal.keyring import keyring_hash, open_secret, seal_keyring

attack = Book()
MAIN = "cases/2026/C0DD-0003.yaml"
NEW = "cases/2026/E0DD-0005.yaml"


# Places


@attack("A402")
def a_record_is_made_to_run(org: Org) -> str:
    return org.commit({MAIN: ("100755", org.git("rev-parse", f"HEAD:{MAIN}"))}, "li.wei")


@attack("A402")
def a_record_becomes_a_link(org: Org) -> str:
    return org.commit({MAIN: ("120000", org.put("../../README.md"))}, "li.wei")


@attack("A402", "A202")
def the_cases_become_a_link(org: Org) -> str:
    gone = dict.fromkeys(org.git("ls-tree", "-r", "--name-only", "HEAD", "cases/").split())
    sha = org.commit(gone, "zhou.ning")
    return org.commit({"cases": ("120000", org.put("/tmp/cases"))}, "zhou.ning") if sha else ""


@attack("A402", check=["S204"])
def a_link_to_another_case(org: Org) -> str:
    return org.commit({"cases/2026/F0DD-0006.yaml": ("120000", org.put("C0DD-0003.yaml"))}, "li.wei")


@attack("A402")
def a_submodule_among_the_cases(org: Org) -> str:
    return org.commit({"cases/2027": ("160000", org.head)}, "li.wei")


@attack("A402")
def a_submodule_that_git_is_told_to_ignore(org: Org) -> str:
    modules = '[submodule "x"]\n\tpath = cases/2027\n\turl = ../x\n\tignore = all\n'
    org.commit({".gitmodules": modules}, "zhou.ning")
    (org.folder / ".gitmodules").write_text(modules)
    org.git("config", "submodule.x.ignore", "all")
    org.git("config", "diff.ignoreSubmodules", "all")
    sha = org.commit({"cases/2027": ("160000", org.head)}, "li.wei")
    org.git("reset", "-q")
    return sha


@attack("A404")
def a_stray_file_among_the_cases(org: Org) -> str:
    return org.commit({"cases/2026/notes.txt": "Mr Smith\n"}, "li.wei")


@attack("A404")
def a_case_with_another_ending(org: Org) -> str:
    return org.commit({"cases/2026/F0DD-0006.YAML": org.read(MAIN)}, "li.wei")


@attack("A404")
def cases_in_a_folder_with_a_capital_letter(org: Org) -> str:
    return org.commit({"Cases/2026/C0DD-0003.yaml": org.read(MAIN)}, "li.wei")


@attack("A404")
def a_policy_in_a_folder_that_looks_the_same(org: Org) -> str:
    return org.commit({"poli\u200bcy/3.yaml": org.read("policy/2.yaml")}, "li.wei")


@attack("A404")
def a_workflow_in_capital_letters(org: Org) -> str:
    return org.commit({".GitHub/workflows/leak.yml": "jobs: {}\n"}, "li.wei")


@attack("A404")
def a_file_that_stands_twice_in_its_folder(org: Org) -> str:
    """Git checks out the second one, and a comparison shows it as a new file: a case told anew."""
    _path, text, id_ = org.new_case("C0DD-0003", "li.wei", org.tick(), kept=False)
    listed = org.git("ls-tree", "HEAD:cases/2026").split("\n")
    entries = [(line.split()[0], line.split("\t")[1], line.split()[2]) for line in listed]
    entries.append(("100644", "C0DD-0003.yaml", org.put(text)))
    year = org.put(b"".join(f"{m} {n}\0".encode() + bytes.fromhex(sha) for m, n, sha in sorted(entries, key=lambda e: e[1])), "tree", literally=True)
    cases = org.git("mktree", stdin=org.git("ls-tree", "HEAD:cases").replace(org.git("rev-parse", "HEAD:cases/2026"), year) + "\n")
    tree = org.git("mktree", stdin=org.git("ls-tree", "HEAD").replace(org.git("rev-parse", "HEAD:cases"), cases) + "\n")
    return org.move(org.write_commit(tree, [org.head], message_of("receive", "C0DD-0003", id_), "li.wei", when=org.clock))


# Clones that show something else than the history


def edited(org: Org) -> str:
    """A record changed, by a commit in the usual way."""
    return org.commit({MAIN: org.read(MAIN).replace(b"channel: phone", b"channel: letter")}, "li.wei")


@attack("A201", "A507")
def a_changed_record_behind_a_replaced_commit(org: Org) -> str:
    before = org.head
    sha = edited(org)
    org.git("replace", sha, org.write_commit(org.git("rev-parse", f"{before}^{{tree}}"), [before], "work", "li.wei"))
    assert not org.git("diff", before, sha)
    return sha


@attack("A201", "A507")
def a_changed_record_behind_a_replaced_file(org: Org) -> str:
    before = org.git("rev-parse", f"HEAD:{MAIN}")
    sha = edited(org)
    org.git("replace", org.git("rev-parse", f"HEAD:{MAIN}"), before)
    return sha


@attack("A201", "A507")
def a_changed_record_behind_a_graft(org: Org) -> str:
    sha = edited(org)
    last = org.commit({"README.md": "# Works\n"}, "zhou.ning")
    (org.folder / ".git" / "info").mkdir(exist_ok=True)
    (org.folder / ".git" / "info" / "grafts").write_text(f"{last} {org.rev('HEAD~2')}\n")
    assert sha not in org.git("rev-list", "HEAD").split()
    return sha


@attack("A503", "A507")
def another_beginning_grafted_upon_the_old_one(org: Org) -> Done:
    root = org.git("rev-list", "--max-parents=0", "HEAD")
    evil = org.move(another_history(org))
    (org.folder / ".git" / "info").mkdir(exist_ok=True)
    (org.folder / ".git" / "info" / "grafts").write_text(f"{evil} {root}\n")
    return Done(evil, ["--root", root])


@attack("A505")
def a_shallow_clone(org: Org) -> Done:
    other = org.folder.parent / "clone"
    org.git("clone", "-q", "--depth", "3", f"file://{org.folder}", str(other))
    org.folder = other
    return Done()


@attack("A505")
def a_history_cut_off_by_hand(org: Org) -> Done:
    (org.folder / ".git" / "shallow").write_text(org.rev("HEAD~5") + "\n")
    return Done()


@attack("A201")
def a_changed_record_behind_a_false_commit_graph(org: Org) -> str:
    sha = edited(org)
    org.commit({"README.md": "# Works\n"}, "zhou.ning")
    org.git("commit-graph", "write", "--reachable")
    graph = org.folder / ".git" / "objects" / "info" / "commit-graph"
    graph.chmod(0o644)
    data = bytearray(graph.read_bytes())
    lie_about_parent(org, data, org.head, org.rev("HEAD~2"))
    graph.write_bytes(data)
    assert sha not in org.git("rev-list", "HEAD").split()
    return sha


def lie_about_parent(org: Org, graph: bytearray, commit: str, parent: str) -> None:
    """Gives a commit another parent in git's commit-graph file."""
    chunks = {bytes(graph[8 + 12 * n : 12 + 12 * n]): int.from_bytes(graph[12 + 12 * n : 20 + 12 * n], "big") for n in range(graph[6])}
    ids = chunks[b"OIDL"]
    total = int.from_bytes(graph[chunks[b"OIDF"] + 255 * 4 : chunks[b"OIDF"] + 256 * 4], "big")
    known = [bytes(graph[ids + 20 * n : ids + 20 * n + 20]).hex() for n in range(total)]
    at = chunks[b"CDAT"] + 36 * known.index(commit) + 20
    graph[at : at + 4] = known.index(parent).to_bytes(4, "big")


@attack("A201")
def a_changed_record_behind_settings(org: Org) -> str:
    for name, value in {
        "core.ignoreCase": "true", "core.fileMode": "false", "core.quotePath": "true", "core.autocrlf": "true", "core.eol": "crlf",
        "core.attributesFile": "/nowhere", "core.bigFileThreshold": "1", "diff.renames": "copies", "diff.noprefix": "true", "diff.external": "true",
        "diff.orderFile": "/nowhere", "log.showSignature": "false", "gpg.program": "true", "gpg.ssh.program": "true", "gpg.ssh.allowedSignersFile": "/nowhere",
        "core.pager": "true", "alias.diff-tree": "!true", "alias.rev-list": "!true", "filter.x.clean": "true", "filter.x.smudge": "true",
        "core.fsmonitor": "true", "status.showUntrackedFiles": "no", "transfer.fsckObjects": "false",
    }.items():  # fmt: skip
        org.git("config", name, value)
    return edited(org)


@attack("A201")
def a_changed_record_behind_a_filter(org: Org) -> str:
    (org.folder / ".git" / "info").mkdir(exist_ok=True)
    (org.folder / ".git" / "info" / "attributes").write_text("*.yaml filter=x diff=x -diff\n")
    before = org.folder.parent / "before"
    before.write_bytes(org.read(MAIN))
    org.git("config", "filter.x.smudge", f"cat {before}")
    org.git("config", "filter.x.clean", f"cat {before}")
    org.git("config", "diff.x.textconv", f"cat {before} #")
    return edited(org)


@attack("A201")
def a_changed_record_that_the_index_hides(org: Org) -> str:
    sha = edited(org)
    org.git("reset", "-q")
    org.git("update-index", "--assume-unchanged", "--skip-worktree", MAIN)
    return sha


def overwrite(org: Org, sha: str, kind: str, content: bytes) -> None:
    """Another content under an object's id, as whoever can write to the clone's folder can put there."""
    path = Path(org.folder, ".git", "objects", sha[:2], sha[2:])
    if not path.exists():
        packs = [p.read_bytes() for p in Path(org.folder, ".git", "objects", "pack").glob("*.pack")]
        for pack in Path(org.folder, ".git", "objects", "pack").iterdir():
            pack.unlink()
        for data in packs:
            org.git("unpack-objects", "-q", stdin=data)
    path.chmod(0o644)
    path.write_bytes(zlib.compress(f"{kind} {len(content)}\0".encode() + content))


@attack("A506")
def a_file_is_overwritten_in_git(org: Org) -> str:
    sha = org.event("new", "accept", "chen.jie")
    overwrite(org, org.git("rev-parse", f"HEAD:{NEW}"), "blob", org.read(NEW).replace(b"event: accept", b"event: refuse"))
    return sha


@attack("", code=3, error="git cannot read an object")
def a_commit_is_overwritten_in_git(org: Org) -> Done:
    sha = org.event("new", "accept", "chen.jie")
    content = org.git("cat-file", "commit", sha).encode() + b"\n"
    overwrite(org, sha, "commit", content.replace(b"author chen.jie", b"author somebody"))
    return Done()


@attack("A506", "A201")
def a_folder_is_overwritten_in_git(org: Org) -> Done:
    """The folder of the last commit lists an older file."""
    before = org.git("rev-parse", f"HEAD:{MAIN}")
    org.event("main", "interview", "wang.fang", person="witness", sealed=["inquiry"])
    sha = org.event("new", "accept", "chen.jie")
    tree = org.git("rev-parse", "HEAD:cases/2026")
    content = bytes.fromhex(org.git("rev-parse", f"HEAD:{MAIN}"))
    raw = tree_bytes(org, tree)
    assert content in raw
    overwrite(org, tree, "tree", raw.replace(content, bytes.fromhex(before)))
    assert sha == org.head
    return Done(sha)


def tree_bytes(org: Org, tree: str) -> bytes:
    """A tree object as it is stored."""
    return zlib.decompress(Path(org.folder, ".git", "objects", tree[:2], tree[2:]).read_bytes()).split(b"\0", 1)[1]


@attack("", code=3, error="git")
def an_object_is_missing(org: Org) -> Done:
    org.event("new", "accept", "chen.jie")
    sha = org.rev("HEAD")
    Path(org.folder, ".git", "objects", sha[:2], sha[2:]).unlink()
    return Done()


@attack("A506")
def a_file_of_a_record_is_missing(org: Org) -> str:
    sha = org.event("new", "accept", "chen.jie")
    blob = org.git("rev-parse", f"HEAD:{NEW}")
    Path(org.folder, ".git", "objects", blob[:2], blob[2:]).unlink()
    return sha


# Folders that hold one another many times: a few objects, and more files than there is memory


def bomb(org: Org, leaf: str, within: str, depth: int = 12) -> str:
    """A commit whose folder `within` stands for ten to the power of `depth` times what `leaf` says (a line of `git ls-tree`, or nothing)."""
    tree = org.git("mktree", stdin=leaf)
    for _level in range(depth):
        tree = org.git("mktree", stdin="".join(f"040000 tree {tree}\t{name}\n" for name in "0123456789"))
    above, _slash, name = within.rpartition("/")
    lines = [*org.git("ls-tree", f"HEAD:{above}").splitlines(), f"040000 tree {tree}\t{name}"]
    tree = org.git("mktree", stdin="\n".join(lines) + "\n")
    if above:
        others = [line for line in org.git("ls-tree", "HEAD").splitlines() if not line.endswith(f"\t{above}")]
        tree = org.git("mktree", stdin="\n".join([*others, f"040000 tree {tree}\t{above}"]) + "\n")
    return org.move(org.write_commit(tree, [org.head], "notes", "chen.jie"))


# Keyrings, which `plaint check` holds against the record


def keyrings(org: Org, case: str) -> dict[str, str]:
    """The files of a case's keyring."""
    ref = f"refs/plaint/keys/{case}"
    return {name.removesuffix(".age"): org.blob(f"{ref}:{name}").decode() for name in org.git("ls-tree", "--name-only", ref).split()}


@attack("", code=0, check=["K201"])
def a_keyring_is_deleted(org: Org) -> Done:
    org.git("update-ref", "-d", "refs/plaint/keys/C0DD-0003")
    return Done()


@attack("", code=0, check=["K202"])
def a_keyring_is_replaced_by_anothers(org: Org) -> Done:
    org.git("update-ref", "refs/plaint/keys/C0DD-0003", "refs/plaint/keys/E0DD-0005")
    return Done()


@attack("", code=0, check=["K202"])
def a_keyring_is_extended_with_a_stranger(org: Org) -> Done:
    ring = keyrings(org, "C0DD-0003")
    identity = load_identity(org.keys / "chen.jie.age-identity", lambda: "")
    secret = open_secret(ring, "report", identity)
    org.keyring("C0DD-0003", {**ring, **seal_keyring({"report": secret}, {"report": {generate().recipient}})})
    return Done()


@attack("", code=0, check=["K202", "K204"])
def a_keyring_lacks_a_compartment(org: Org) -> Done:
    ring = keyrings(org, "C0DD-0003")
    org.keyring("C0DD-0003", {c: text for c, text in ring.items() if c != "inquiry"})
    return Done()


@attack("", code=0, check=["K202"])
def an_older_keyring_is_put_back(org: Org) -> Done:
    """From before the team was assigned."""
    old = keyrings(org, "C0DD-0003")
    pair = generate()
    new = {**old, **seal_keyring({"report": pair.secret}, {"report": {pair.recipient}})}
    org.event("main", "rekey", "chen.jie", keyring=keyring_hash(new))
    return Done()


@attack("", code=0, check=["K203"])
def the_keyring_of_a_disposed_case_comes_back(org: Org) -> Done:
    org.git("update-ref", "refs/plaint/keys/A0DD-0001", "refs/plaint/keys/E0DD-0005")
    return Done()
