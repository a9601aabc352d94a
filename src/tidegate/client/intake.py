"""What is asked and answered about reports beside sending them: who their sources are."""

import msgspec


class Source(msgspec.Struct, frozen=True):
    """Who a report comes from, as they said; where it is printed as a whole, it does not say it."""

    report: str
    name: str | None = None
    contact: str | None = None
    relation: str | None = None

    def __repr__(self) -> str:
        return "Source(…)"
