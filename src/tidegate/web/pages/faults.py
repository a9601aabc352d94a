"""What was wrong with a form, field by field: one sentence, said in the summary and at the field."""

import msgspec

from tidegate.infra.errors import FieldError, Refusal
from tidegate.web.formats import upper_first
from tidegate.web.pages.names import said
from tidegate.web.pages.sentences import in_words
from tidegate.web.words import gettext, noted

# What fields are called where that is not their name.
CALLED = {
    "again": noted("The same again"),
    "channels": noted("It may report as"),
    "code": noted("Recovery code"),
    "comment": noted("Comment"),
    "display_name": noted("Name for others"),
    "email": noted("E-mail address"),
    "expires": noted("Ends"),
    "hide_from": noted("Whatever you chose, hidden in cases of severity"),
    "entry": noted("Entry"),
    "exemption": noted("Exemption"),
    "ground_kind": noted("Ground"),
    "ground_reference": noted("Ground"),
    "justification": noted("Why"),
    "label": noted("Label"),
    "language": noted("Language"),
    "zone": noted("Time zone"),
    "labels": noted("Labels"),
    "languages": noted("Languages"),
    "level": noted("Level"),
    "criteria": noted("What holds"),
    "areas": noted("Areas"),
    "asked_report": noted("Report"),
    "category": noted("What it is about"),
    "files": noted("Files"),
    "good_faith": noted("Good faith"),
    "place": noted("Where"),
    "question": noted("Question"),
    "reference": noted("Reference"),
    "said": noted("What you want to say"),
    "source_contact": noted("How you are reached"),
    "source_name": noted("Your name"),
    "source_relation": noted("How you know"),
    "urls": noted("Addresses"),
    "when": noted("When"),
    "where": noted("Where exactly"),
    "why": noted("Why it is illegal"),
    "bank": noted("Bank"),
    "contact": noted("Contact"),
    "notifier": noted("Pseudonym"),
    "routes_when": noted("Conditions"),
    "scheme": noted("Scheme"),
    "step": noted("Step"),
    "title": noted("Title"),
    "lifts": noted("What a lift ends"),
    "members": noted("Members"),
    "name": noted("Name"),
    "network": noted("Networks"),
    "note": noted("Note"),
    "old": noted("Password until now"),
    "outcome": noted("Outcome"),
    "password": noted("Password"),
    "platform": noted("Platform"),
    "platforms": noted("Platforms"),
    "queues": noted("Queues"),
    "rate": noted("How often"),
    "days": noted("Days"),
    "from": noted("Begin with"),
    "purpose": noted("For what"),
    "q": noted("Find"),
    "reason": noted("Reason"),
    "reopen_reason": noted("Why"),
    "referred_to": noted("Referred to"),
    "replay": noted("Replay"),
    "revision": noted("Revision"),
    "role": noted("Role"),
    "scope": noted("Scope"),
    "scopes": noted("Scopes"),
    "since": noted("Since"),
    "source": noted("Text of the pack"),
    "take_over_reason": noted("Why"),
    "template": noted("Template"),
    "territory": noted("Territory"),
    "text": noted("Text"),
    "until": noted("Until"),
    "url": noted("URL"),
    "task_text": noted("Task"),
    "task_for": noted("Who does it"),
    "task_due": noted("Until"),
    "link_case": noted("Another case"),
    "link_why": noted("Why"),
    "with": noted("Another cluster"),
    "user": noted("Acts for the person"),
    # Of the pages about legal orders, whose forms name their fields after what they do.
    "annul_court": noted("Court"),
    "annul_reference": noted("Reference of its decision"),
    "ask_ground": noted("Ground"),
    "ask_needed": noted("What is wrong or needed"),
    "access_case": noted("Case"),
    "access_purpose": noted("For what"),
    "at": noted("As of"),
    "channel": noted("By which way"),
    "file": noted("File"),
    "issued_at": noted("Issued"),
    "issuer": noted("From whom"),
    "issuing_address": noted("Address"),
    "issuing_email": noted("E-mail address"),
    "issuing_file": noted("File number"),
    "issuing_kind": noted("Kind"),
    "issuing_member_state": noted("Member State"),
    "issuing_name": noted("Authority"),
    "issuing_phone": noted("Telephone"),
    "issuing_post": noted("Post"),
    "issuing_representative": noted("Representative"),
    "received_at": noted("Received"),
    "authenticate_how": noted("How you made sure"),
    "carried_at": noted("When"),
    "carried_channel": noted("By which way"),
    "carried_evidence": noted("What shows it"),
    "claimed_at": noted("When"),
    "claimed_evidence": noted("What shows it"),
    "claimed_state": noted("What they say became of it"),
    "claimed_text": noted("In their words"),
    "clarify_answer": noted("Answer"),
    "deadlines": noted("Within which time they have to act"),
    "document": noted("Or that document itself"),
    "execute_item": noted("The post that is meant"),
    "extend_reason": noted("Why"),
    "extend_until": noted("Until"),
    "finding": noted("Finding"),
    "impede_explanation": noted("Reasons"),
    "impede_ground": noted("Ground"),
    "intention": noted("Why an infringement is going to be found"),
    "issue_answer": noted("What others who investigate answered"),
    "issue_emergency": noted("Why it cannot wait"),
    "issue_waiver": noted("Or why nobody was asked"),
    "kids": noted("Fingerprints"),
    "preserve_reason": noted("Which review, and why it needs it"),
    "preserve_until": noted("Until"),
    "procedures": noted("How we work"),
    "public": noted("It is open to the public"),
    "reasons": noted("Reasons"),
    "reject_reason": noted("Why"),
    "revoke_reason": noted("Why"),
    "signs_name": noted("The name that you sign legal documents with"),
    "signs_post": noted("Post"),
    "scrutiny_reasons": noted("Reasons"),
    "seen_at": noted("Seen there at"),
    "seen_sha256": noted("SHA-256 of the capture"),
    "silent_decided_at": noted("Decided at"),
    "silent_reason": noted("Why"),
    "silent_until": noted("Until"),
    "terms_cited": noted("Which of their terms"),
    "to": noted("To"),
    "true_purpose": noted("Its true purpose"),
    "types": noted("What it is"),
    "withdraw_reason": noted("Why"),
    "evidence": noted("What it rests on"),
    "requires": noted("What it requires"),
    "infringements": noted("Which duties were infringed"),
    "ceiling": noted("Which ceiling applies"),
    "because": noted("Why it applies"),
    "turnover": noted("Turnover that it is counted from"),
    "currency": noted("Currency"),
    "year": noted("Year"),
    "known_from": noted("Where that is known from"),
    "reply_text": noted("What the organisation answered"),
    "reply_at": noted("When it came, if not now"),
    "conclude_outcome": noted("How it ends"),
    "conclude_reasons": noted("Reasons"),
    "withdraw_reasons": noted("Why"),
}


NOTHING = "nothing"  # what a field has that was left empty


class Fault(msgspec.Struct, frozen=True):
    """A field's name in the form ("": the form as a whole), and what is wrong with it."""

    field: str
    sentence: str


def faults(refusal: Refusal | None) -> list[Fault]:
    """What a refused form is told, by its fields."""
    return [_fault(one) for one in refusal.errors] if refusal is not None else []


def _fault(error: FieldError) -> Fault:
    field = field_of(error.pointer)
    expected, got = in_words(error.expected), in_words(error.got)
    said_of = {
        "field": upper_first(_called(field)),
        "expected": expected,
        "got": got or error.got,
    }
    if expected is None:  # the reader's language has no words for it
        sentence = (
            gettext("%(field)s cannot be taken as it is.")
            if field
            else gettext("This cannot be taken as it is.")
        )
    elif error.got == NOTHING:
        sentence = (
            gettext("%(field)s: still missing. Needed: %(expected)s.")
            if field
            else gettext("Still missing: %(expected)s.")
        )
    elif field:
        sentence = gettext("%(field)s: expected %(expected)s, got %(got)s.")
    else:
        sentence = gettext("Expected %(expected)s, got %(got)s.")
    return Fault(field, sentence % said_of)


def _called(field: str) -> str:
    """What a field is called; what follows a colon says of which of several forms it is."""
    name = field.partition(":")[0]
    return gettext(CALLED[name]) if name in CALLED else said(name)


def field_of(pointer: str) -> str:
    """The form's field that a pointer into the body means: a restriction's parts are fields of their own,
    a place in a list is the list's."""
    steps = [step for step in pointer.split("/") if step and not step.isdigit()]
    return "_".join(steps[1:] if steps[:1] == ["restriction"] and len(steps) > 1 else steps)
