"""`plaint update`: what the repository keeps of plaint itself, brought to the version in use."""

from __future__ import annotations

from importlib import metadata

import click

from plaint.cli.common import common_options, session
from plaint.errors import NotAllowedError
from plaint.i18n import _, listed, ngettext, pick


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
        click.echo(_("Everything here is of plaint {version} already.").format(version=version))
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


COMMANDS = {"update": update}
