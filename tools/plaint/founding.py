"""Founds an organisation: its files, its first members and their keys, and the self-signed genesis commit that a verifier pins."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from plaint.errors import EnvironmentFaultError, InputError, UsageError
from plaint.forge.workflows import workflow_files
from plaint.i18n import _
from plaint.intake.importkey import new_import_keyring
from plaint.model.membership import roster_of
from plaint.model.policy import policy_from, preset_document
from plaint.model.record import Event, Record, dump_event, dump_header, new_event_id, parse
from plaint.model.schema import check_record, schema_files
from plaint.model.yamlio import dump_yaml
from plaint.seal.age import check_recipient
from plaint.store.git import Git
from plaint.store.repository import Repository
from plaint.store.signing import SigningKey

MEMBER_ID = re.compile(r"[a-z][a-z0-9]*([._-][a-z0-9]+)*")
README = """# {name}

This repository holds the complaints and reports of {name}, sealed, with their whole course. It is worked on with `plaint`:
`plaint todo` tells what is due, `plaint register` takes a new report, `plaint check` tells whether all is in order.
Nothing here is readable without the keys of the members who may read it.

本仓库保存{name}的投诉举报档案（已加密）及其全部办理过程，使用 `plaint` 操作：`plaint todo` 查看待办，`plaint register` 登记新件，
`plaint check` 检查是否合规。未持有相应密钥者无法阅读任何内容。
"""


MKDOCS = """# The site: `mkdocs build -f site/mkdocs.yml` (or `plaint site build`) makes it, `mkdocs serve -f site/mkdocs.yml` shows it while you write.
# Pages of your own go into docs/en and docs/zh; every other page is made from this repository.
site_name: plaint
docs_dir: docs
site_dir: ../public
theme: {name: plaint}
plugins:
- search
- plaint: {audience: !ENV [PLAINT_AUDIENCE, public]}
"""
CONTACT = {
    "en": "# Contact\n\nAsk at the reception for the intake office.\n\n<!-- Write here your telephone number, address and e-mail address for reports. -->\n",
    "zh": "# 联系方式\n\n请向前台询问受理部门。\n\n<!-- 请在此填写受理举报的电话、地址和电子邮箱。 -->\n",
}


@dataclass(frozen=True, slots=True)
class NewMember:
    """Somebody who joins: roles, fields, public keys."""

    id: str
    roles: tuple[str, ...]
    expertise: tuple[str, ...]
    signing: str
    recipient: str


@dataclass(frozen=True, slots=True)
class Founding:
    """What an organisation is founded with."""

    name: Mapping[str, str]
    languages: tuple[str, ...]
    preset: str
    country: str | None
    timezone: str | None
    effective: str | None
    recovery: str
    members: tuple[NewMember, ...]
    forge: str = "none"
    """Whose workflows it has: a name of `forge.workflows.FORGES`."""


def valid_member_id(member: str) -> str:
    """The id itself; UsageError where it is not one."""
    if not MEMBER_ID.fullmatch(member) or len(member) > 40:
        raise UsageError(_("{member} is no member id").format(member=member), hint=_("small letters and digits, with dots between, as li.wei"))
    return member


def joining(line: str) -> NewMember:
    """The member in a line that `plaint member keys` printed; InputError where it is none. Roles may be left open."""
    words = [word for word in _words(line) if word != "…"]
    if words[:3] == ["plaint", "member", "add"] and len(words) > 3:
        given: dict[str, list[str]] = {}
        for name, value in zip(words[4::2], words[5::2], strict=False):
            given.setdefault(name, []).append(value)
        signing, recipient = ("".join(given.get(name, ())[-1:]) for name in ("--signing-key", "--recipient"))
        if signing and recipient:
            roles, expertise = (tuple(given.get(name, ())) for name in ("--role", "--expertise"))
            return NewMember(valid_member_id(words[3]), roles, expertise, valid_public_key(signing), check_recipient(recipient))
    raise InputError(_("this is not a line of plaint member keys"), hint=_("it begins with: plaint member add"))


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quotation mark is missing
        return []


def valid_public_key(text: str) -> str:
    """An SSH public key without its comment; UsageError where it is none."""
    if not text.startswith(("ssh-ed25519 ", "ssh-rsa ", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")) or len(text.split()) < 2:
        raise UsageError(_("this is no SSH public key"), where="--signing-key", hint=_("give the .pub file, or its text"))
    return " ".join(text.split()[:2])


def policy_document(founding: Founding) -> dict[str, Any]:
    """The preset, adapted to the country, time zone and first day."""
    document = preset_document(founding.preset)
    calendar = document["calendar"]
    if founding.country:
        calendar["country"] = founding.country
    if founding.timezone:
        calendar["timezone"] = founding.timezone
    if founding.effective:
        document["effective"] = founding.effective
    return document


def join_event(member: NewMember, by: str, at: datetime) -> Event:
    """The first event of a member's record."""
    codes: dict[str, Any] = {"roles": list(member.roles)}
    if member.expertise:
        codes["expertise"] = list(member.expertise)
    codes |= {"signing": [" ".join(member.signing.split()[:2])], "recipient": member.recipient}
    return Event("join", new_event_id(), at, by, codes, {})


def member_record(member: NewMember, by: str, at: datetime) -> bytes:
    """A new member's file."""
    return dump_header({"plaint": 1, "member": member.id}) + dump_event(join_event(member, by, at))


def files(founding: Founding, at: datetime) -> dict[str, bytes]:
    """Every file of a new organisation."""
    founder = founding.members[0].id
    document = policy_document(founding)
    policy = policy_from(document)
    adopted = [Event(kind, new_event_id(), at, founder, {}, {}) for kind in ("draft", "approve")]
    found = {
        "plaint.yaml": dump_yaml(
            {
                "plaint": 1,
                "name": dict(founding.name),
                "languages": list(founding.languages),
                "timezone": str(policy.timezone),
                "recovery": founding.recovery,
            }
        ).encode(),
        "policy/1.yaml": dump_header(document) + b"".join(dump_event(event) for event in adopted),
        "README.md": README.format(name=" · ".join(dict.fromkeys(founding.name.values()))).encode(),
        ".gitignore": b"public/\n.demo-keys/\n",
        "site/mkdocs.yml": MKDOCS.encode(),
        **{f"site/docs/{language}/contact.md": CONTACT[language].encode() for language in founding.languages},
        ".gitattributes": b"# records are compared byte for byte\n*.yaml -text\n",
    }
    for member in founding.members:
        found[f"members/{member.id}.yaml"] = member_record(member, founder, at)
    for name, data in schema_files().items():
        found[f"schemas/{name}"] = data
    return found | workflow_files(founding.forge, founding.languages[0])


def found(folder: Path, founding: Founding, key: SigningKey, at: datetime) -> Repository:
    """Makes the repository in `folder` (new or empty) with its genesis commit; UsageError where something is in the way."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(_("{folder} is not empty").format(folder=folder), hint=_("name a new folder"))
    _each_their_own(founding.members)
    everything = files(founding, at)
    records = {path: _checked(data, path) for path, data in everything.items() if path.startswith(("members/", "policy/"))}
    roster = roster_of(r for path, r in records.items() if path.startswith("members/"))
    policy = policy_from(records["policy/1.yaml"].header)
    unknown = {role for m in founding.members for role in m.roles} - set(policy.roles)
    if unknown:
        raise UsageError(_("the policy has no role {roles}").format(roles=", ".join(sorted(unknown))), hint=", ".join(policy.roles))
    founder = founding.members[0].id
    keyring = new_import_keyring(roster, policy, founding.recovery)
    with _nothing_left_behind(folder):
        git = Git(folder)
        git.run("init", "-q", "-b", "main", ".")
        git.run("config", "gpg.format", "ssh")
        (folder / "plaint.yaml").write_bytes(everything["plaint.yaml"])
        repository = Repository.discover(folder)
        with repository.lock():
            refs = repository.write_keyrings([("import", keyring)], key, founder, at)
            repository.commit(everything, f"found: {founding.preset}\n", key, founder, at, refs=refs)
    return repository


def _each_their_own(members: Sequence[NewMember]) -> None:
    """UsageError where two first members share an id or a key, or one has no role."""
    seen: set[str] = set()
    for member in members:
        if not member.roles:
            raise UsageError(_("{member} has no role").format(member=member.id), hint=_("give one with --role"))
        for own in (member.id, member.signing, member.recipient):
            if own in seen:
                raise UsageError(_("two members have the same id or key: {member}").format(member=member.id), hint=_("each member has keys of their own"))
            seen.add(own)


@contextmanager
def _nothing_left_behind(folder: Path) -> Iterator[None]:
    """A new or empty folder, as it was before if something fails: half an organisation would be in the way of the next attempt."""
    was_there = folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for each in folder.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
        if not was_there:
            folder.rmdir()
        raise


def _checked(data: bytes, path: str) -> Record:
    record = parse(data, path)
    check_record(record)
    return record


def new_signing_key(path: Path, comment: str) -> None:
    """A new Ed25519 SSH key without passphrase at `path`; the user may set one with ssh-keygen -p."""
    path.parent.mkdir(parents=True, exist_ok=True)
    command: Sequence[str] = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))
    try:
        subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise EnvironmentFaultError(_("ssh-keygen was not found"), hint=_("install OpenSSH")) from error
    except subprocess.CalledProcessError as error:
        raise EnvironmentFaultError(_("no signing key could be made"), where=str(path), hint=error.stderr.decode(errors="replace").strip()) from error
