"""Commits taken apart: what git signs is what is read as signed, and what could be read in two ways is refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from fuzz.gitrepo import GitRepo
from fuzz.sshwire import Key
from plaint.audit.commits import Commit, CommitError, parse_commit
from plaint.audit.sshsig import SignatureError, verify

WHO = b"li.wei <li.wei@example.org> 1795137180 +0800"
TREE = b"4b825dc642cb6eb9a060e54bf8d69288fbee4904"
PARENT = b"a" * 40
KEY = Key.new("ssh-ed25519")
HEAD = b"tree %b\nauthor %b\ncommitter %b\n" % (TREE, WHO, WHO)
PLAIN = HEAD + b"\nreceive: Q7M4-K2XD\n\nCase: Q7M4-K2XD\nEvent: h7q2m0xv\n"


@pytest.fixture(scope="module", params=["sha1", "sha256"])
def repo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    return GitRepo.new(tmp_path_factory.mktemp("commits") / request.param, request.param)


def name_of(data: bytes, size: int = 40) -> str:
    return hashlib.new("sha1" if size == 40 else "sha256", b"commit %d\0" % len(data) + data).hexdigest()


def parsed(data: bytes) -> Commit:
    return parse_commit(name_of(data), data)


def refused(data: bytes, why: str = "not a commit as git writes it") -> None:
    with pytest.raises(CommitError, match=why):
        parsed(data)


def folded(signature: str, header: bytes = b"gpgsig") -> bytes:
    return header + b" " + signature.strip("\n").replace("\n", "\n ").encode() + b"\n"


def signed(payload: bytes) -> bytes:
    head, message = payload.split(b"\n\n", 1)
    return head + b"\n" + folded(KEY.sign(payload)) + b"\n" + message


# What git makes


@pytest.fixture(scope="module")
def shapes(repo: GitRepo) -> dict[str, str]:
    """Commits of every shape that git itself makes, by what they are."""
    tree = repo.git("mktree")
    tip = repo.git("commit-tree", "-S", "-m", "root", tree)
    found = {"root": tip}

    def commit(what: str, *args: str, stdin: bytes = b"message\n", env: dict[str, str] | None = None) -> str:
        parents = [part for parent in (args or (tip,)) for part in ("-p", parent)]
        found[what] = repo.git("-c", "i18n.commitEncoding=utf-8", "commit-tree", "-S", *parents, tree, stdin=stdin, env=env)
        return found[what]

    one = commit("ordinary", stdin=b"receive: Q7M4-K2XD\n\nCase: Q7M4-K2XD\nEvent: h7q2m0xv\n")
    two = commit("Chinese", stdin="登记：举报\n\nCase: Q7M4-K2XD\n".encode())
    three = commit("no message", stdin=b"")
    commit("only line ends", stdin=b"\n\n\n")
    commit("blank lines first", stdin=b"\n\n  text\n \n gpgsig x\n")
    commit("headers in the message", stdin=b"tree x\nparent y\nauthor z\n\ngpgsig -----BEGIN SSH SIGNATURE-----\n")
    commit("merge", one, two)
    commit("octopus", one, two, three, tip)
    commit("no last line end", stdin=b"message")
    commit("odd names", env={"GIT_AUTHOR_NAME": ' .王 芳, (\\ "x" \'', "GIT_AUTHOR_EMAIL": "", "GIT_COMMITTER_EMAIL": "a b@"})
    commit("the epoch", env={"GIT_COMMITTER_DATE": "@0 +0000", "GIT_AUTHOR_DATE": "@1 -1200"})
    commit("far ahead", env={"GIT_COMMITTER_DATE": "@4102444800 +1400"})
    found["unsigned"] = repo.git("commit-tree", "-m", "x", "-p", tip, tree)
    encoded = ("-c", "i18n.commitEncoding=GBK", "commit-tree", "-S", "-p", tip, tree)
    found["encoding"] = repo.git(*encoded, stdin="登记\n\nCase: Q7M4-K2XD\n".encode("gbk"))
    repo.git("update-ref", "refs/heads/main", one)
    repo.git("reset", "-q", "--hard")
    repo.git("tag", "-s", "-m", "a tag\n\nof two", "v1", two)
    repo.git("merge", "-q", "-S", "--no-ff", "-m", "merged", "v1")
    found["mergetag"] = repo.git("rev-parse", "HEAD")
    return found


def test_what_git_signs_is_what_is_read_as_signed(repo: GitRepo, shapes: dict[str, str]) -> None:
    assert len(shapes) == 16
    for what, sha in shapes.items():
        data = repo.raw(sha)
        commit = parse_commit(sha, data)
        log = repo.run("log", "-1", "--no-show-signature", "--encoding=raw", "--format=%T%x00%P%x00%ct", sha).decode().strip().split("\0")
        assert (commit.tree, " ".join(commit.parents), commit.at) == (log[0], log[1], datetime.fromtimestamp(int(log[2]), UTC)), what
        assert repo.run("log", "-1", "--encoding=raw", "--format=%an", sha).strip(b"\n") == commit.author.encode(), what
        assert data.endswith(b"\n\n" + commit.message.encode("utf-8")) or what == "encoding"
        if what == "unsigned":
            assert (commit.signature, commit.payload) == ("", data)
            assert not repo.verifies(sha)
        else:
            assert verify(commit.payload, commit.signature) == repo.public, what
            assert repo.verifies(sha), what
            assert b"gpgsig" not in commit.payload or what in {"blank lines first", "headers in the message"}
    assert b"\nmergetag object" in repo.raw(shapes["mergetag"])
    assert b"\nencoding GBK\n" in repo.raw(shapes["encoding"])


def test_what_the_message_names(repo: GitRepo, shapes: dict[str, str]) -> None:
    commit = parse_commit(shapes["ordinary"], repo.raw(shapes["ordinary"]))
    assert commit.trailers == {"Case": ["Q7M4-K2XD"], "Event": ["h7q2m0xv"]}
    assert parsed(HEAD + b"\nCase: A\nCase: B\n Case: C\nCase:D\nCase: E F\ncase: G\n").trailers == {"Case": ["A", "B"], "Event": []}
    for separator in ("\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\r"):
        assert parsed(HEAD + f"\nx{separator}Case: A\n".encode()).trailers == {"Case": [], "Event": []}


@pytest.mark.parametrize("change", [b"x", b"\n", b"\0", b" "])
def test_any_other_content_is_not_that_commit(change: bytes, repo: GitRepo) -> None:
    tree = repo.git("mktree")
    sha = repo.git("commit-tree", "-S", "-m", "root", tree)
    data = repo.raw(sha)
    for other in (data + change, change + data, data[:-1], data.replace(b"root", b"Root")):
        with pytest.raises(CommitError, match="not what its id says"):
            parse_commit(sha, other)


# What others make


def test_where_the_signature_may_stand() -> None:
    """JGit writes it before the encoding, git at the end."""
    tag = b"mergetag object %b\n type commit\n tag v1\n tagger %b\n \n text\n encoding x\n gpgsig y\n" % (PARENT, WHO)
    for before, after in ((b"", b"encoding GBK\n"), (b"encoding GBK\n", b""), (tag, b""), (b"", tag), (b"encoding GBK\n" + tag, tag), (tag * 3, b"")):
        payload = HEAD + before + after + b"\nmessage\n"
        commit = parsed(HEAD + before + folded(KEY.sign(payload)) + after + b"\nmessage\n")
        assert commit.payload == payload
        assert verify(commit.payload, commit.signature) == KEY.public


def test_a_pgp_signature_is_read_and_proves_nothing() -> None:
    text = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAABCAAdFiEE\n=abcd\n-----END PGP SIGNATURE-----"
    commit = parsed(HEAD + folded(text) + b"\nmessage\n")
    assert commit.signature == text
    assert commit.payload == HEAD + b"\nmessage\n"
    with pytest.raises(SignatureError, match="not signed with an SSH key"):
        verify(commit.payload, commit.signature)


@pytest.mark.parametrize("value", [b"", b"\n ", b"x", b"\xff\xfe", "签名".encode()])
def test_signatures_of_no_kind(value: bytes) -> None:
    commit = parsed(HEAD + b"gpgsig " + value + b"\n\nmessage\n")
    with pytest.raises(SignatureError):
        verify(commit.payload, commit.signature)


# What is refused: everything that could be read in two ways


def swapped(first: bytes, second: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        lines = {line.split(b" ")[0]: line for line in data.split(b"\n")[:4]}
        return data.replace(lines[first], b"@").replace(lines[second], lines[first]).replace(b"@", lines[second])

    return change


BASE = HEAD.replace(b"author", b"parent %b\nauthor" % PARENT, 1) + b"\nmessage\n"
SECOND = b"parent %b\n" % (b"b" * 40)
WRONG: dict[str, bytes] = {
    "nothing": b"",
    "no header": b"\n\nmessage\n",
    "no end of the header": BASE.split(b"\n\n", maxsplit=1)[0],
    "a zero byte in the message": BASE + b"\0",
    "a zero byte in a name": BASE.replace(b"li.wei <", b"li\0wei <"),
    "no tree": BASE.replace(b"tree %b\n" % TREE, b""),
    "two trees": BASE.replace(b"tree %b\n" % TREE, b"tree %b\n" % TREE * 2),
    "a tree at the end": BASE.replace(b"\n\n", b"\ntree %b\n\n" % TREE, 1),
    "a short tree": BASE.replace(TREE, TREE[:-1]),
    "a long tree": BASE.replace(TREE, TREE + b"0"),
    "a tree in capitals": BASE.replace(TREE, TREE.upper()),
    "a tree by name": BASE.replace(TREE, b"HEAD^{tree}"),
    "a tree of the other hash": BASE.replace(TREE, b"6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"),
    "a parent in capitals": BASE.replace(PARENT, PARENT.upper()),
    "a short parent": BASE.replace(PARENT, PARENT[:8]),
    "a parent by name": BASE.replace(PARENT, b"HEAD"),
    "two parents in a line": BASE.replace(PARENT, PARENT + b" " + PARENT),
    "a parent over two lines": BASE.replace(PARENT, PARENT + b"\n " + PARENT),
    "a parent after the author": BASE.replace(b"\n\n", b"\n" + SECOND + b"\n", 1),
    "a parent between author and committer": BASE.replace(b"committer", SECOND + b"committer"),
    "a header between tree and parent": BASE.replace(b"parent", b"encoding UTF-8\nparent", 1),
    "a header between parents": BASE.replace(b"author", b"encoding UTF-8\n" + SECOND + b"author", 1),
    "a signature before the parents": BASE.replace(b"parent", folded(KEY.sign(BASE)) + b"parent", 1),
    "a signature before the committer": BASE.replace(b"committer", folded(KEY.sign(BASE)) + b"committer"),
    "author and committer swapped": swapped(b"author", b"committer")(BASE),
    "tree and parent swapped": swapped(b"tree", b"parent")(BASE),
    "parent and author swapped": swapped(b"parent", b"author")(BASE),
    "two authors": BASE.replace(b"author", b"author %b\nauthor" % WHO, 1),
    "two committers": BASE.replace(b"committer", b"committer %b\ncommitter" % WHO, 1),
    "no author": BASE.replace(b"author %b\n" % WHO, b""),
    "no committer": BASE.replace(b"committer %b\n" % WHO, b""),
    "no time": BASE.replace(b" 1795137180 +0800", b"", 1),
    "a time with a sign": BASE.replace(b"1795137180", b"-1795137180"),
    "a time of words": BASE.replace(b"1795137180", b"yesterday"),
    "a time of twelve digits": BASE.replace(b"1795137180", b"179513718000"),
    "a time in Arabic digits": BASE.replace(b"1795137180", "١٧٩٥١٣٧١٨٠".encode()),
    "a fraction": BASE.replace(b"1795137180", b"1795137180.5"),
    "no zone": BASE.replace(b" +0800", b""),
    "a named zone": BASE.replace(b"+0800", b"CST"),
    "a zone of five digits": BASE.replace(b"+0800", b"+08000"),
    "two blanks before the time": BASE.replace(b"> 1795137180", b">  1795137180"),
    "text after the zone": BASE.replace(b"+0800\n", b"+0800 x\n"),
    "no mail address": BASE.replace(b" <li.wei@example.org>", b""),
    "an open address": BASE.replace(b"org>", b"org"),
    "brackets in an address": BASE.replace(b"li.wei@", b"li<wei@"),
    "an address over two lines": BASE.replace(b"li.wei@", b"li.wei\n @"),
    "a name over two lines": BASE.replace(b"author li", b"author l\n i"),
    "CRLF": BASE.replace(b"\n", b"\r\n"),
    "CRLF in one line": BASE.replace(b"+0800\n", b"+0800\r\n", 1),
    "a tab for a blank": BASE.replace(b"tree ", b"tree\t"),
    "two blanks after a name": BASE.replace(b"tree ", b"tree  "),
    "a byte order mark": b"\xef\xbb\xbf" + BASE,
    "a blank in front": b" " + BASE,
    "a line end in front": b"\n" + BASE,
    "a name in capitals": BASE.replace(b"tree", b"Tree"),
    "an unknown header": BASE.replace(b"\n\n", b"\nchange-id zkwmnqtsvrlp\n\n", 1),
    "a header of Mercurial": BASE.replace(b"\n\n", b"\nHG:extra branch:default\n\n", 1),
    "a header without a value": BASE.replace(b"\n\n", b"\nencoding\n\n", 1),
    "a header without a name": BASE.replace(b"\n\n", b"\n: x\n\n", 1),
    "an encoding over two lines": BASE.replace(b"\n\n", b"\nencoding UTF-8\n text\n\n", 1),
    "something like a signature": BASE.replace(b"\n\n", b"\ngpgsigs x\n\n", 1),
    "a signature for the other hash": BASE.replace(b"\n\n", b"\n" + folded(KEY.sign(BASE), b"gpgsig-sha256") + b"\n", 1),
    "a signature and one for the other hash": signed(BASE).replace(b"\ngpgsig", b"\ngpgsig-sha256 text\ngpgsig", 1),
}


@pytest.mark.parametrize("what", WRONG)
def test_refused(what: str) -> None:
    assert parsed(BASE).parents == (PARENT.decode(),)
    assert WRONG[what] != BASE
    refused(WRONG[what])


@pytest.mark.parametrize(
    ("name", "twice"),
    [
        ("gpgsig", signed(BASE).replace(b"\ngpgsig", b"\n" + folded(KEY.sign(b"x")) + b"gpgsig", 1)),
        ("gpgsig", signed(BASE).replace(b"\n\nmessage", b"\ngpgsig x\n\nmessage", 1)),
        ("encoding", BASE.replace(b"\n\n", b"\nencoding UTF-8\nencoding GBK\n\n", 1)),
    ],
)
def test_refused_by_name_where_it_stands_twice(name: str, twice: bytes) -> None:
    refused(twice, f"{name} twice")


def test_the_other_hash_everywhere() -> None:
    """The header that counts in one kind of repository is refused in the other."""
    tree = hashlib.sha256(b"tree 0\0").hexdigest().encode()
    payload = PLAIN.replace(TREE, tree)
    head, message = payload.split(b"\n\n", 1)
    good = head + b"\n" + folded(KEY.sign(payload), b"gpgsig-sha256") + b"\n" + message
    commit = parse_commit(name_of(good, 64), good)
    assert verify(commit.payload, commit.signature) == KEY.public
    bad = good.replace(b"gpgsig-sha256", b"gpgsig")
    with pytest.raises(CommitError):
        parse_commit(name_of(bad, 64), bad)


def test_every_byte_is_signed_or_the_signature() -> None:
    """What can be changed without the signature's noticing would be a place to write."""
    data = signed(PLAIN)
    begin = data.index(b"gpgsig ")
    end = data.index(b"\n\n")
    for at in [*range(begin), *range(end + 1, len(data))]:
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            commit = parsed(changed)
        except CommitError:
            continue
        with pytest.raises(SignatureError):
            verify(commit.payload, commit.signature)


def test_messages_are_short() -> None:
    with pytest.raises(CommitError) as caught:
        parsed(BASE.replace(b"\n\n", b"\n" + b"x" * 5000 + b" y\n\n", 1))
    assert len(str(caught.value)) < 100
    assert re.fullmatch(r"[^\n]+", str(caught.value))


def test_a_very_long_header_and_message() -> None:
    """A megabyte of anything is read in no time."""
    for more in (b"x" * 10**6 + b"\n", b"\n" * 10**6, b" \n" * 500_000):
        parsed(PLAIN + more)
        parsed(HEAD + b"gpgsig " + b"x\n " * 300_000 + b"\n\nmessage\n")
        refused(HEAD + b"gpgsig x\n" + b" y\n" * 300_000 + b"z\n\nmessage\n")
        refused(BASE.replace(PARENT, b"a" * 10**6))
        refused(HEAD.replace(b"li.wei <", b"<" * 10**5 + b"li.wei >") + b"\n")
