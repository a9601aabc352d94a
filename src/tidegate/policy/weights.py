"""What the parts of a case's score are worth: the table `[priority]` of a pack. Pure."""

import msgspec

MOST_WEIGHT = 1000.0
LEAST_AGE = 1.0  # nothing starves: waiting always counts


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """How many points each part is worth at its highest value; `age`: how many each `ageing_hours` of waiting
    are. A pack may name some of them; the rest are these. Without age they come to 100."""

    severity: float = 15.0
    threat: float = 25.0
    sources: float = 10.0
    corroboration: float = 12.0
    reach: float = 8.0
    deadline: float = 10.0
    age: float = 50.0
    reliability: float = 5.0
    learned: float = 15.0


PARTS: tuple[str, ...] = Weights.__struct_fields__
