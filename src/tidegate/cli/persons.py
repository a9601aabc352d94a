"""Commands that bind are given in a person's name: `--user EMAIL`, whose role must have the right to it."""

from typing import Annotated

import typer

from tidegate.access.platforms import everybodys
from tidegate.access.queries import get_user
from tidegate.infra.acting import Acting
from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal
from tidegate.pipeline.house import SCOPES

User = Annotated[str, typer.Option("--user", help="Who does it: the e-mail address of a user")]


def in_name_of(tx: Tx, email: str, scope: str) -> Tx:
    """The transaction as that user's. Raises Refusal: 404; 403 where they are shut out, are bound to some
    platforms, or their role has not the scope."""
    user = get_user(tx, email)
    if user.disabled_at is not None:
        detail = f"{user.email} is disabled. `tidegate users enable` comes first."
        raise Refusal("user-disabled", 403, "The user is disabled", detail)
    if scope not in SCOPES.of_role(user.role):
        detail = f"It needs the scope {scope!r}: {', '.join(SCOPES.roles_with(scope))} have it."
        raise Refusal("scope-missing", 403, f"The role {user.role} may not do this", detail)
    if user.platforms is not None:
        raise everybodys("it is about the whole instance")
    return tx.on_behalf(Acting(f"user:{user.email}"), "cli")
