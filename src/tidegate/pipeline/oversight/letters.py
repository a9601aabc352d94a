"""The letter of a measure: what is served to the organisation, as JSON, and as a PDF by the words of its pack."""

from typing import Any

import msgspec

from tidegate.access.queries import names_of
from tidegate.access.signatures import signature_of
from tidegate.exchange.queries import party
from tidegate.infra.db import Tx
from tidegate.infra.times import told
from tidegate.orders.annex_pdf import print_form
from tidegate.oversight.measures.model import SIGNATURES, Measure, Signature
from tidegate.oversight.measures.queries import signatures_of
from tidegate.oversight.measures.sheet import SheetView, read_sheet, view
from tidegate.pipeline.instance import Instance
from tidegate.pipeline.oversight.measures import reply_clock
from tidegate.pipeline.oversight.shown_measures import required
from tidegate.pipeline.own import own_of


def letter_json(tx: Tx, instance: Instance, measure: Measure) -> bytes:
    """All that the letter says, in the order in which it says it."""
    own = own_of(tx, instance).organisation
    organisation = party(tx, measure.organisation)
    pack, step = instance.measures[measure.law], measure.at_step
    clock = reply_clock(tx, measure.id)
    said: dict[str, Any] = {
        "measure": str(measure.id),
        "article": step.article,
        "authority": {"name": own.name, "contact": own.contact_email},
        "organisation": {
            "name": organisation.name if organisation else measure.organisation,
            "contact": organisation and organisation.contact_email,
        },
        "reasons": measure.reasons,
        "requires": [{"text": one.text, "article": one.article} for one in required(pack, measure)],
        "evidence": measure.evidence,
        "notified_at": measure.notified_at,
        "reply_until": clock and clock.ends_at,
        "signatures": _signatures(tx, measure),
    }
    if step.sheet:
        said["sheet"] = _sheet(view(pack, read_sheet(measure.sheet)))
    return msgspec.json.encode(told(said))


def letter_pdf(tx: Tx, instance: Instance, measure: Measure) -> bytes:
    """The same as a PDF; as long as two persons have not signed it says that it is a draft."""
    pack = instance.measures[measure.law]
    signed = len(signatures_of(tx, measure.id)) >= SIGNATURES
    return print_form(
        pack.letter(measure.at_step),
        letter_json(tx, instance, measure),
        signed=pack.foot_signed if signed else pack.foot_draft,
        synthetic=own_of(tx, instance).organisation.synthetic,
        wording=instance.wording,
    )


def _signatures(tx: Tx, measure: Measure) -> list[dict[str, Any]]:
    """Who signed, by the name and post that they sign legal documents with; else as others know them."""
    found = signatures_of(tx, measure.id)
    called = names_of(tx, {one.by for one in found})
    return [_signed(tx, one, called[one.by]) for one in found]


def _signed(tx: Tx, one: Signature, called: str) -> dict[str, Any]:
    said = signature_of(tx, one.by.removeprefix("user:"))
    return {"by": ", ".join(filter(None, (said.name or called, said.post))), "at": one.at}


def _sheet(sheet: SheetView) -> dict[str, Any]:
    """What of the sheet is in the letter: what was found, and the ceiling with what it is counted from."""
    ceiling, turnover = sheet.ceiling, sheet.turnover
    said: dict[str, Any] = {
        "infringements": [
            {"article": one.article, "text": one.text} for one in sheet.infringements if one.found
        ],
        "factors": [{"text": one.text, "words": one.words} for one in sheet.factors],
    }
    if ceiling is not None:
        value = ceiling.value and f"{ceiling.value} {ceiling.currency}"
        said["ceiling"] = {
            "text": ceiling.text,
            "article": ceiling.article,
            "because": ceiling.because,
            "value": value,
        }
    if turnover is not None:
        said["turnover"] = {"value": f"{turnover.value} {turnover.currency} ({turnover.year})"}
    return said
