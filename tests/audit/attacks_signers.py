"""Attacks on who signed: keys that do not count, signatures that are of something else or none at all, events in another's name."""

from __future__ import annotations

import subprocess
from base64 import b64encode

from attack import Book, Done
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from evil import CASES, Org, at, environment, message_of

from plaint.store.commits import signed_commit

attack = Book()


@attack("A104")
def an_event_in_anothers_name(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", signer="li.wei")


@attack("A104", "A105")
def an_event_in_anothers_name_by_an_author_who_did_not_sign(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", signer="li.wei", author="chen.jie")


@attack("A105")
def an_author_who_did_not_sign(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", author="li.wei")


@attack("A103")
def an_event_signed_by_a_stranger(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", signer="stranger", author="chen.jie")


@attack("A103")
def a_readme_signed_by_a_stranger(org: Org) -> str:
    return org.commit({"README.md": "# Works\n"}, "stranger")


@attack("A103", "T102")
def an_event_by_somebody_who_left(org: Org) -> str:
    return org.event("new", "message", "gao.lan", direction="to-reporter", sealed=["report"])


@attack("A103")
def an_event_signed_with_the_key_of_somebody_who_left(org: Org) -> str:
    return org.event("new", "message", "li.wei", signer="gao.lan", direction="to-reporter", sealed=["report"])


@attack("A103")
def an_event_signed_with_a_key_that_was_replaced(org: Org) -> str:
    return org.event("main", "interview", "wang.fang", signer="wang.fang.old", author="wang.fang", person="witness", sealed=["inquiry"])


@attack("A103", "T102")
def an_event_by_somebody_who_joins_later(org: Org) -> str:
    sha = org.event("new", "message", "newcomer", direction="to-reporter", sealed=["report"])
    org.join("newcomer", ["intake"], "zhou.ning")
    return sha


@attack("A103", "T102")
def somebody_joins_by_themselves(org: Org) -> str:
    return org.join("newcomer", ["intake"], "newcomer")


@attack("A103")
def a_key_is_replaced_and_signs_its_own_replacement(org: Org) -> str:
    return org.house_event("members/li.wei.yaml", "rotate", "li.wei", signer="stranger", signing=[org.public("stranger")])


@attack("A101")
def an_event_that_nobody_signed(org: Org) -> str:
    return org.event("new", "accept", "chen.jie", signer=None, author="chen.jie")


@attack("A101")
def a_readme_that_nobody_signed(org: Org) -> str:
    return org.commit({"README.md": "# Works\n"}, None)


@attack("A101")
def a_pgp_signature(org: Org) -> str:
    home = org.home / "gnupg"
    home.mkdir(mode=0o700)
    env = {**environment(org.home, org.now), "GNUPGHOME": str(home)}
    quick = ["gpg", "--batch", "--quiet", "--passphrase", "", "--pinentry-mode", "loopback"]
    subprocess.run([*quick, "--quick-gen-key", "chen.jie <chen.jie@plaint.invalid>", "ed25519", "sign"], env=env, check=True, capture_output=True)
    _id, text = org.text_of("new", "accept", "chen.jie", when=org.tick())
    tree = org.tree({org.path("new"): org.read(org.path("new")) + text})
    who = {f"GIT_{w}_{k}": v for w in ("AUTHOR", "COMMITTER") for k, v in (("NAME", "chen.jie"), ("EMAIL", "c@e.org"), ("DATE", org.clock.isoformat()))}
    message = message_of("accept", CASES["new"], _id)
    sha = org.git("-c", "gpg.format=openpgp", "commit-tree", "-Schen.jie", "-p", "HEAD", tree, stdin=message, env={**who, "GNUPGHOME": str(home)})
    subprocess.run(["gpgconf", "--kill", "all"], env=env, check=False, capture_output=True)
    return org.move(sha)


def resigned(org: Org, signature: str | None = None, old: bytes = b"", new: bytes = b"", more: bytes = b"") -> str:
    """An event's commit with another signature, or with its text changed after signing, or with more header lines."""
    before = org.head
    sha = org.event("new", "accept", "chen.jie")
    data = org.git("cat-file", "commit", sha).encode() + b"\n"
    head, message = data.split(b"\n\n", 1)
    plain, _gpgsig, own = head.partition(b"\ngpgsig ")
    assert old in data
    if signature is not None:
        data = signed_commit(plain + b"\n\n" + message, signature)
    elif more:
        data = plain + more + b"\ngpgsig " + own + b"\n\n" + message
    else:
        data = data.replace(old, new, 1)
    org.git("update-ref", "refs/heads/main", before)
    return org.move(org.put(data, "commit", literally=True))


def signature_of(org: Org, rev: str) -> str:
    """The signature in a commit."""
    head = org.git("cat-file", "commit", rev).split("\n\n", 1)[0]
    return head.partition("\ngpgsig ")[2].replace("\n ", "\n") + "\n"


def payload_of_next(org: Org) -> bytes:
    """What the next commit of `resigned` will be signed over, if it is made at the same time."""
    clock, before = org.clock, org.head
    sha = org.event("new", "accept", "chen.jie", id_="h7q2m0xv")
    head, message = org.git("cat-file", "commit", sha).split("\n\n", 1)
    org.clock = clock
    org.git("update-ref", "refs/heads/main", before)
    return f"{head.partition(chr(10) + 'gpgsig ')[0]}\n\n{message}\n".encode()


@attack("A102")
def a_signature_from_another_commit(org: Org) -> str:
    return resigned(org, signature_of(org, "HEAD"))


@attack("A102")
def a_commit_is_changed_after_signing(org: Org) -> str:
    return resigned(org, old=b"accept\n", new=b"decline\n")


@attack("A102")
def a_commit_is_dated_anew_after_signing(org: Org) -> str:
    seconds = b" %d +0800" % int((org.clock.timestamp()) + 600)
    return resigned(org, old=seconds, new=b" %d +0800" % int(org.clock.timestamp()))


def with_own_payload(org: Org, signature: str, payload: bytes) -> str:
    """The commit of a payload with a signature."""
    return org.move(org.put(signed_commit(payload, signature), "commit"))


@attack("A102")
def a_signature_for_another_purpose(org: Org) -> str:
    payload = payload_of_next(org)
    return with_own_payload(org, org.signature(payload, "chen.jie", "file"), payload)


@attack("A102")
def a_signature_for_checkpoints(org: Org) -> str:
    payload = payload_of_next(org)
    return with_own_payload(org, org.signature(payload, "chen.jie", "plaint-checkpoint"), payload)


@attack("A102")
def a_signature_with_more_after_it(org: Org) -> str:
    payload = payload_of_next(org)
    signature = org.signature(payload, "chen.jie").replace("-----END", "AAAA\n-----END")
    return with_own_payload(org, signature, payload)


def ssh_string(data: bytes) -> bytes:
    """A field as SSH writes it."""
    return len(data).to_bytes(4, "big") + data


def mpint(number: int) -> bytes:
    """A positive number as SSH writes it."""
    return ssh_string(number.to_bytes(number.bit_length() // 8 + 1, "big"))


@attack("A102")
def a_signature_by_rsa_with_sha_1(org: Org) -> str:
    key = rsa.generate_private_key(65537, 2048)
    numbers = key.public_key().public_numbers()
    blob = ssh_string(b"ssh-rsa") + mpint(numbers.e) + mpint(numbers.n)
    org.house_event("members/chen.jie.yaml", "rotate", "chen.jie", signing=[f"ssh-rsa {b64encode(blob).decode()}"])
    payload = payload_of_next(org)
    digest = hashes.Hash(hashes.SHA512())
    digest.update(payload)
    frame = b"".join(map(ssh_string, (b"git", b"", b"sha512", digest.finalize())))
    made = ssh_string(b"ssh-rsa") + ssh_string(key.sign(b"SSHSIG" + frame, PKCS1v15(), hashes.SHA1()))
    whole = b64encode(b"SSHSIG" + (1).to_bytes(4, "big") + ssh_string(blob) + b"".join(map(ssh_string, (b"git", b"", b"sha512", made)))).decode()
    lines = "\n".join(whole[i : i + 70] for i in range(0, len(whole), 70))
    return with_own_payload(org, f"-----BEGIN SSH SIGNATURE-----\n{lines}\n-----END SSH SIGNATURE-----\n", payload)


@attack("A506")
def two_signatures(org: Org) -> str:
    return resigned(org, more=b"\ngpgsig " + signature_of(org, "HEAD").strip().replace("\n", "\n ").encode())


@attack("A506")
def two_lists_of_parents(org: Org) -> str:
    return resigned(org, more=b"\nparent " + org.rev("HEAD~5").encode())


@attack("A506")
def a_zero_byte_in_the_message(org: Org) -> str:
    return resigned(org, old=b"accept\n", new=b"accept\0\n")


@attack("A104")
def a_history_is_signed_anew_by_another(org: Org) -> str:
    """The last commits once more, all by the steward."""
    base = org.rev("HEAD~4")
    shas = org.git("rev-list", "--reverse", f"{base}..HEAD").split()
    made = []
    for sha in shas:
        message, seconds = org.git("log", "-1", "--format=%B", sha), int(org.git("log", "-1", "--format=%ct", sha))
        when = at("2026-11-20T09:00").fromtimestamp(seconds, at("2026-11-20T09:00").tzinfo)
        made.append(org.write_commit(org.git("rev-parse", f"{sha}^{{tree}}"), [made[-1] if made else base], message, "zhou.ning", when=when))
    org.move(made[-1])
    return made[0]


@attack("A101")
def a_history_is_taken_up_again_without_signatures(org: Org) -> str:
    """As `git rebase` does where nothing tells it to sign."""
    base, tip = org.rev("HEAD~4"), org.head
    who = {"GIT_COMMITTER_NAME": "forge", "GIT_COMMITTER_EMAIL": "forge@example.org", "GIT_COMMITTER_DATE": "2026-11-20T09:00:00+08:00"}
    org.git("checkout", "-q", "--detach", base)
    org.git("cherry-pick", "--allow-empty", f"{base}..{tip}", env=who)
    org.git("branch", "-f", "main", "HEAD")
    org.git("checkout", "-q", "main")
    return org.rev("HEAD~3")


@attack("A104", "A105", "A204", "A205")
def events_are_squashed(org: Org) -> str:
    """As a forge's button does, signed by whoever pressed it."""
    org.event("new", "accept", "chen.jie")
    org.event("new", "message", "li.wei", direction="to-reporter", sealed=["report"])
    tip = org.git("rev-parse", "HEAD^{tree}")
    return org.move(org.write_commit(tip, [org.rev("HEAD~2")], "Accept and message (#7)", "chen.jie", author="forge"))


@attack("", code=3, error="git rev-list")
def a_tag_in_the_place_of_a_parent(org: Org) -> Done:
    org.git("-c", "tag.gpgSign=false", "-c", "user.name=x", "-c", "user.email=x", "tag", "-a", "-m", "x", "v1")
    tag = org.git("rev-parse", "v1")
    tree = org.git("rev-parse", "HEAD^{tree}")
    return Done(org.move(org.write_commit(tree, [tag], "work", "li.wei", literally=True)))
