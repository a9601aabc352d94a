"""A client of the HTTP API, sync and async, typed, retrying what is safe.

A library for others: it imports nothing else of Tidegate. Start with `Client` or `AsyncClient`.

    with Client("https://tidegate.example.org", key) as tidegate:
        answer = tidegate.submit(Item(id="1", surface="post", ...))
        for answer in tidegate.submit_many(backlog):
            ...
"""

from tidegate.client.aio import AsyncClient
from tidegate.client.call import File
from tidegate.client.errors import BadField, ClientError, Problem, UnexpectedAnswer, Unreachable
from tidegate.client.model import (
    Action,
    Bank,
    BatchAnswer,
    Case,
    CaseDetail,
    Decision,
    Effective,
    Entry,
    Hold,
    Item,
    ItemAnswer,
    ItemRecord,
    LedgerEntry,
    Match,
    Media,
    Opening,
    Page,
    Policy,
    PolicyCheck,
    Priority,
    PriorityPart,
    Reach,
    Replayed,
    Report,
    ReportAnswer,
    ReportView,
    Restriction,
    Subject,
)
from tidegate.client.sync import Client
from tidegate.client.webhooks import Message, WebhookVerificationError, verify_webhook

__all__ = [
    "Action",
    "AsyncClient",
    "BadField",
    "Bank",
    "BatchAnswer",
    "Case",
    "CaseDetail",
    "Client",
    "ClientError",
    "Decision",
    "Effective",
    "Entry",
    "File",
    "Hold",
    "Item",
    "ItemAnswer",
    "ItemRecord",
    "LedgerEntry",
    "Match",
    "Media",
    "Message",
    "Opening",
    "Page",
    "Policy",
    "PolicyCheck",
    "Priority",
    "PriorityPart",
    "Problem",
    "Reach",
    "Replayed",
    "Report",
    "ReportAnswer",
    "ReportView",
    "Restriction",
    "Subject",
    "UnexpectedAnswer",
    "Unreachable",
    "WebhookVerificationError",
    "verify_webhook",
]
