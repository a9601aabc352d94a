"""The console: server-rendered pages over the same paths as the API, each with a `.json` twin."""

from tidegate.web.pages import (
    account,
    actions,
    alerts,
    banks,
    bulk,
    case,
    decide,
    go,
    holding,
    home,
    items,
    ledger,
    me,
    media,
    policy,
    queue,
    search,
    sign_in,
)
from tidegate.web.pages.page import PageRoute, with_twins

routes: list[PageRoute] = with_twins(
    page
    for module in (
        sign_in,
        home,
        queue,
        case,
        decide,
        bulk,
        holding,
        items,
        banks,
        search,
        policy,
        actions,
        alerts,
        ledger,
        account,
        go,
        me,
        media,
    )
    for page in module.pages
)
