"""What an attack is: something done to a copy of the good organisation, with the rules that must find it and the commit they must name.

>>> @attack("A201")
... def an_event_is_edited(org):
...     return org.commit({...}, "li.wei")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from evil import Org


@dataclass(frozen=True)
class Done:
    """What came of an attack: the commit to be named (None: none is), and how to run the audit."""

    commit: str | None = None
    args: Sequence[str] = ()


@dataclass(frozen=True)
class Attack:
    """One attack. `also`: rules that find more of it; `check`: what `plaint check` says of it."""

    name: str
    do: Callable[[Org], str | Done]
    rule: str
    also: frozenset[str] = frozenset()
    check: tuple[str, ...] = ()
    code: int = 1
    error: str = ""
    """What the one line says where the audit does not begin (exit codes 2 and 3)."""

    @property
    def codes(self) -> list[str]:
        """Every rule that finds something, and no other does."""
        return sorted({self.rule, *self.also} - {""})


@dataclass
class Book:
    """The attacks of one module."""

    attacks: list[Attack] = field(default_factory=list)

    def __call__(
        self, rule: str = "", *also: str, check: Sequence[str] = (), code: int = 1, error: str = ""
    ) -> Callable[[Callable[[Org], str | Done]], Callable[[Org], str | Done]]:
        def add(do: Callable[[Org], str | Done]) -> Callable[[Org], str | Done]:
            self.attacks.append(Attack(do.__name__.replace("_", " "), do, rule, frozenset(also), tuple(check), code, error))
            return do

        return add
