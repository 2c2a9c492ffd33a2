"""`plaint update`: what the repository keeps of plaint itself, brought to the version in use."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import click

from plaint.cli.common import common_options, session
from plaint.errors import NotAllowedError
from plaint.i18n import _, listed, ngettext, pick

if TYPE_CHECKING:
    from plaint.store.repository import Repository


@click.command(
    "update", help=_("Brings schemas/ and the version that the workflows install up to this plaint, in one signed commit. Every computer comes first.")
)
@common_options
def update() -> None:
    """Writes only what differs; the programs themselves are updated by whatever installed them."""
    from plaint.forge.workflows import FORGES, repinned, workflow_files
    from plaint.model.schema import schema_files

    call = session()
    organisation, actor = call.organisation, call.actor
    repository = organisation.repository
    wanted = {f"schemas/{name}": data for name, data in schema_files().items()}
    for path in (path for forge in FORGES for path in workflow_files(forge, "en")):
        if (there := repository.read(path)) is not None:
            wanted[path] = repinned(there)
    changes = {path: data for path, data in wanted.items() if repository.read(path) != data}
    version = metadata.version("plaint")
    if not changes:
        click.echo(_("Everything committed is of plaint {version} already.").format(version=version))
        _tell_adrift(repository)
        return
    policy, membership = organisation.policy_in_force(call.now), organisation.roster.now(actor.member)
    if not (membership and membership.roles & set(policy.stewards)):
        roles = listed(pick(policy.roles[role]) for role in policy.stewards)
        raise NotAllowedError(_("{member} may not change schemas and workflows: it takes the role {roles}").format(member=actor.member, roles=roles))
    with repository.lock():
        repository.commit(changes, f"update: plaint {version}\n", actor.signing_key, actor.member, base=organisation.revision)
    for path in changes:
        click.echo(path)
    click.echo(
        ngettext("{n} file brought to plaint {version}.", "{n} files brought to plaint {version}.", len(changes)).format(n=len(changes), version=version)
    )


def _tell_adrift(repository: Repository) -> None:
    """The schemas here that are not as committed: an update commits, and has nothing to do with them."""
    from plaint.store.adrift import adrift

    found = adrift(repository.git, repository.objects, [f"{repository.prefix}schemas"])
    for path, each in found.items():
        click.echo(_("{file}: not as it was committed; {command} brings that back").format(file=path, command=each.restore), err=True)


COMMANDS = {"update": update}
