"""A client of the HTTP API, sync and async, typed, retrying what is safe.

A library for others: it imports nothing else of Tidegate. Start with `Client` or `AsyncClient`.

    with Client("https://tidegate.example.org", key) as tidegate:
        answer = tidegate.submit(Item(id="1", surface="post", ...))
        for answer in tidegate.submit_many(backlog):
            ...
"""

from tidegate.client.aio import AsyncClient
from tidegate.client.alert_model import Alert, NamedReport
from tidegate.client.call import File
from tidegate.client.clocks import Clock, ClockRun, Ring
from tidegate.client.errors import BadField, ClientError, Problem, UnexpectedAnswer, Unreachable
from tidegate.client.exchange import Party, PartyKey
from tidegate.client.incidents import Incident, IncidentScheme
from tidegate.client.intake import (
    Caveat,
    Flagger,
    GradeCode,
    GradingScheme,
    Notifier,
    NotifierMeasure,
    Quality,
    ReportGrade,
    Source,
)
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
    Reach,
    Replayed,
    Report,
    ReportView,
    Restriction,
    Subject,
)
from tidegate.client.priority import Priority, PriorityPart
from tidegate.client.reports import (
    Reference,
    ReportAnswer,
    ReportBatchAnswer,
    ReportRecord,
)
from tidegate.client.sync import Client
from tidegate.client.webhooks import Message, WebhookVerificationError, verify_webhook

__all__ = [
    "Action",
    "Alert",
    "AsyncClient",
    "BadField",
    "Bank",
    "BatchAnswer",
    "Case",
    "CaseDetail",
    "Caveat",
    "Client",
    "ClientError",
    "Clock",
    "ClockRun",
    "Decision",
    "Effective",
    "Entry",
    "File",
    "Flagger",
    "GradeCode",
    "GradingScheme",
    "Hold",
    "Incident",
    "IncidentScheme",
    "Item",
    "ItemAnswer",
    "ItemRecord",
    "LedgerEntry",
    "Match",
    "Media",
    "Message",
    "NamedReport",
    "Notifier",
    "NotifierMeasure",
    "Opening",
    "Page",
    "Party",
    "PartyKey",
    "Policy",
    "PolicyCheck",
    "Priority",
    "PriorityPart",
    "Problem",
    "Quality",
    "Reach",
    "Reference",
    "Replayed",
    "Report",
    "ReportAnswer",
    "ReportBatchAnswer",
    "ReportGrade",
    "ReportRecord",
    "ReportView",
    "Restriction",
    "Ring",
    "Source",
    "Subject",
    "UnexpectedAnswer",
    "Unreachable",
    "WebhookVerificationError",
    "verify_webhook",
]
