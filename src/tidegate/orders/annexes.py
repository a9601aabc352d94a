"""The three annexes of Regulation (EU) 2021/784 as they travel: a removal order, and its two answers. Pure.

Their JSON is what is signed; the form that a lawyer knows is laid out from it (`annex_pdf`). A document of the
other side is read as far as it can be (`read_annex1`); what is drafted here is checked by the same rules
(`check_annex1` in `annex_rules`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tidegate.content.model import Moment
from tidegate.infra.times import told

MOST_ITEMS = 1000
LONGEST_URL = 8192
SHORTEST_REASONS = 50
LONGEST_REASONS = 10_000

State = Annotated[str, Meta(pattern=r"^[A-Z]{2}(?!\n)$", description="ISO 3166-1; Greece is GR")]
Words = Annotated[str, Meta(min_length=1, max_length=500)]
Lines = Annotated[str, Meta(min_length=1, max_length=2000)]
Address = Annotated[str, Meta(min_length=1, max_length=LONGEST_URL)]
Reasons = Annotated[str, Meta(min_length=SHORTEST_REASONS, max_length=LONGEST_REASONS)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", description="SHA-256 in hex")]
Items = Meta(min_length=1, max_length=MOST_ITEMS)

Type = Literal["a", "b", "c", "d", "e"]
"""Of terrorist content: the letters of Article 2(7)."""
AuthorityKind = Literal["court", "law_enforcement", "other"]
Measure = Literal["removed", "disabled"]
Ground = Literal["force_majeure", "impossible", "manifest_error", "insufficient_information"]


class IssuingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Section E as a drafter gives it: the kind of authority, its name, who speaks for it and in which post, its
    file number, and how it is reached."""

    kind: AuthorityKind
    name: Words
    representative: Words
    post: Words
    file: Words
    address: Lines
    phone: Words
    email: Words


class Issuing(msgspec.Struct, frozen=True, kw_only=True):
    """Section E, and the state of section A."""

    member_state: State
    kind: AuthorityKind
    name: Words
    representative: Words
    post: Words
    file: Words
    address: Lines
    phone: Words
    email: Words


class Addressee(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whom the order is for: the main establishment, or the legal representative, and its contact point."""

    name: Words
    contact: Words
    member_state: State
    legal_representative: Words | None = None


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is to be removed: its exact address, and what else tells which content is meant."""

    url: Address
    item_id: Words | None = None
    sha256: Annotated[list[Digest], Meta(max_length=100)] = []
    description: Lines | None = None


class NonDisclosure(msgspec.Struct, frozen=True):
    """The authority's decision that the author is not to be told (section C). Of one that came from elsewhere a
    time that could not be read is None."""

    decided_at: Moment | None
    until: Moment | None
    reason: Lines


class CrossBorder(msgspec.Struct, frozen=True):
    """Section D: whether the addressee is established elsewhere, and who gets a copy then."""

    applies: bool = False
    copy_to: Words | None = None


class FollowUp(msgspec.Struct, frozen=True, omit_defaults=True):
    """Section F: how the issuing authority is reached about the order, and the establishment's."""

    issuing: Lines
    establishment: Lines | None = None


class Redress(msgspec.Struct, frozen=True):
    """Section G: where the order can be challenged, until when, and where the law says so."""

    body: Lines
    deadline: Lines
    law_url: Address


class AnnexIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a drafter gives of Annex I; the rest is derived. `redress` and `followup` take the place of what
    would be derived."""

    issuing: IssuingIn
    items: Annotated[list[Item], Items]
    types: Annotated[list[Type], Meta(min_length=1, max_length=5)]
    reasons: Reasons
    non_disclosure: NonDisclosure | None = None
    legal_representative: Words | None = None
    followup: Lines | None = None
    redress: Redress | None = None


class Annex1(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A removal order. `issued_at` and `reference` are set when it is issued."""

    issuing: Issuing
    addressee: Addressee
    issued_at: Moment | None = None
    reference: Words | None = None
    items: Annotated[list[Item], Items]
    types: Annotated[list[Type], Meta(min_length=1, max_length=100)]
    reasons: Reasons
    non_disclosure: NonDisclosure | None = None
    cross_border: CrossBorder = msgspec.field(
        default_factory=CrossBorder
    )  # so it is always written
    followup: FollowUp
    redress: Redress


class Signatory(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who answers for the provider (section C of Annexes II and III)."""

    name: Words
    post: Words
    email: Words


class Executed(msgspec.Struct, frozen=True):
    """What was done about an address, and when: in all Member States."""

    url: Address
    measure: Measure
    at: Moment


class Annex2(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to an order that was executed. `own_reference` is the addressee's."""

    addressee: Words
    authority: Words
    authority_reference: Words
    own_reference: Words
    received_at: Moment
    items: Annotated[list[Executed], Items]
    signatory: Signatory


class Named(msgspec.Struct, frozen=True):
    """An address of the order."""

    url: Address


class Annex3(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to an order that cannot be executed, or not yet. `items` says which of its addresses this is
    about; none: all."""

    addressee: Words
    authority: Words
    authority_reference: Words
    own_reference: Words
    received_at: Moment
    grounds: Annotated[list[Ground], Meta(min_length=1, max_length=100)]
    explanation: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASONS)]
    clarification: Annotated[str, Meta(min_length=1, max_length=LONGEST_REASONS)] | None = None
    items: Annotated[list[Named], Meta(max_length=MOST_ITEMS)] = []
    signatory: Signatory


Annex = Annex1 | Annex2 | Annex3


def derive(
    given: AnnexIn,
    *,
    member_state: str,
    addressee: Addressee,
    establishment: str | None,
    establishment_contact: str | None,
    redress: Redress | None,
) -> Annex1:
    """A draft's Annex I: what was given, and what follows from our own state, from the registered addressee,
    from the authority of its establishment (its name, and how it is reached) and from the law of our state."""
    crosses = addressee.member_state != member_state
    fields = {name: getattr(given.issuing, name) for name in IssuingIn.__struct_fields__}
    representative = given.legal_representative or addressee.legal_representative
    return Annex1(
        issuing=Issuing(member_state=member_state, **fields),
        addressee=msgspec.structs.replace(addressee, legal_representative=representative),
        items=given.items,
        types=sorted(set(given.types)),
        reasons=given.reasons,
        non_disclosure=given.non_disclosure,
        cross_border=CrossBorder(crosses, establishment if crosses else None),
        followup=FollowUp(
            given.followup or f"{given.issuing.email}, {given.issuing.phone}",
            establishment_contact if crosses else None,
        ),
        redress=given.redress or redress or Redress("", "", ""),
    )


def issue(draft: Annex1, *, at: datetime, reference: str) -> Annex1:
    """The annex as it is issued."""
    return msgspec.structs.replace(draft, issued_at=at, reference=reference)


def annex2(
    order: Annex1,
    items: Sequence[Executed],
    *,
    own_reference: str,
    received_at: datetime,
    signatory: Signatory,
) -> Annex2:
    """The answer that these items of an order were executed."""
    return Annex2(
        addressee=order.addressee.name,
        authority=order.issuing.name,
        authority_reference=order.reference or "",
        own_reference=own_reference,
        received_at=received_at,
        items=list(items),
        signatory=signatory,
    )


def annex3(
    order: Annex1,
    grounds: Sequence[Ground],
    explanation: str,
    *,
    clarification: str | None = None,
    urls: Sequence[str] = (),
    own_reference: str,
    received_at: datetime,
    signatory: Signatory,
) -> Annex3:
    """The answer that these addresses of an order (none: all) cannot be dealt with, and why."""
    return Annex3(
        addressee=order.addressee.name,
        authority=order.issuing.name,
        authority_reference=order.reference or "",
        own_reference=own_reference,
        received_at=received_at,
        grounds=list(grounds),
        explanation=explanation,
        clarification=clarification,
        items=[Named(url) for url in urls],
        signatory=signatory,
    )


def plain(document: msgspec.Struct) -> dict[str, Any]:
    """A document or body as JSON has it: times in UTC with six decimals, nothing of what is left out."""
    return told(document)


def as_json(document: Annex) -> bytes:
    """An annex as it is signed, served, digested and printed."""
    return msgspec.json.encode(plain(document))
