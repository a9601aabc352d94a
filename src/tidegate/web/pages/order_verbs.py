"""What is done about a legal order from its page: each form is one verb, about one item or all that it can be
done to. The paths are those of the API.
"""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from tidegate.infra.db import Tx
from tidegate.infra.errors import Refusal, bad_field
from tidegate.infra.parsing import convert, read_whole
from tidegate.orders.model import OrderRow
from tidegate.pipeline.orders import verbs
from tidegate.pipeline.orders.execute import ExecuteIn, execute
from tidegate.web.nextpath import own_path
from tidegate.web.pages.orders import one_page, order_id_of
from tidegate.web.pages.page import PageRoute, refuse_without
from tidegate.web.pages.refusals import of_form
from tidegate.web.pages.visit import Visit

T = TypeVar("T")
Work = Callable[[Tx, UUID, int | None], OrderRow | None]


def carry_out(visit: Visit) -> str:
    given = _given(visit, "execute", ExecuteIn, "item", "measure")
    return _do(visit, "execute", lambda tx, id, n: execute(tx, visit.instance, id, n, given))


def impede(visit: Visit) -> str:
    given = _given(visit, "impede", verbs.ImpedeIn, "ground", "explanation")
    return _do(visit, "impede", lambda tx, id, n: verbs.impede(tx, visit.instance, id, n, given))


def resume(visit: Visit) -> str:
    return _do(visit, "resume", lambda tx, id, n: verbs.resume(tx, visit.instance, id, n))


def ask(visit: Visit) -> str:
    given = _given(visit, "ask", verbs.AskIn, "ground", "needed")
    return _do(visit, "ask", lambda tx, id, n: verbs.ask(tx, visit.instance, id, n, given))


def authenticate(visit: Visit) -> str:
    given = _given(visit, "authenticate", verbs.AuthenticateIn, "how")
    return _do(
        visit,
        "authenticate",
        lambda tx, id, n: verbs.authenticate(tx, visit.instance, id, n, given),
    )


def reject(visit: Visit) -> str:
    given = _given(visit, "reject", verbs.RejectIn, "reason")
    return _do(visit, "reject", lambda tx, id, n: verbs.reject(tx, visit.instance, id, n, given))


def annul(visit: Visit) -> str:
    given = _given(visit, "annul", verbs.AnnulIn, "court", "reference")
    return _do(visit, "annul", lambda tx, id, n: verbs.annul(tx, visit.instance, id, n, given))


def scrutiny(visit: Visit) -> str:
    given = _given(visit, "scrutiny", verbs.ScrutinyIn, "reasons")
    return _do(
        visit, "scrutiny", lambda tx, id, n: verbs.ask_scrutiny(tx, visit.instance, id, given)
    )


def acknowledge(visit: Visit) -> str:
    with visit.begin() as tx:
        order = verbs.acknowledge(tx, order_id_of(visit))
        refuse_without(visit, verbs.who_silences(tx, order.id))
    back = own_path(visit.field("back"))
    return f"{back}{'&' if '?' in back else '?'}done=order-heard"


def _given(visit: Visit, verb: str, type: type[T], *names: str) -> T:
    """What a form says; its fields are called after the verb, since a page has several forms."""
    said: dict[str, Any] = {
        name: value for name in names if (value := visit.field(f"{verb}_{name}"))
    }
    try:
        return convert(said, type)
    except Refusal as refusal:
        raise of_verb(refusal, verb) from None


def _do(visit: Visit, verb: str, work: Work) -> str:
    order_id = order_id_of(visit)
    chosen = visit.field(f"{verb}_n")
    n = read_whole(chosen)
    try:
        if chosen and n is None:
            raise bad_field("/n", "the number of one of the order's URLs, or nothing", chosen[:64])
        with visit.begin() as tx:
            done = work(tx, order_id, n)
    except Refusal as refusal:
        raise of_verb(refusal, verb) from None
    return f"/orders/{order_id}?done=order-{'proposed' if done is None else verb}"


def of_verb(refusal: Refusal, verb: str) -> Refusal:
    """A refusal about the fields of a verb's form, which are called after it."""
    pointers = [one.pointer for one in refusal.errors]
    return of_form(refusal, {one: f"{verb}_{one[1:]}" for one in pointers})


_on_platforms = [
    PageRoute(
        method="POST",
        path=f"/orders/{{order}}/{name}",
        handler=handler,
        scope="orders:execute",
        again=one_page,
        whole=True,
    )
    for name, handler in (
        ("execute", carry_out),
        ("impede", impede),
        ("resume", resume),
        ("ask", ask),
        ("authenticate", authenticate),
        ("reject", reject),
        ("annul", annul),
        ("scrutiny", scrutiny),
    )
]
pages = [
    *_on_platforms,
    PageRoute(
        method="POST",
        path="/orders/{order}/acknowledge",
        handler=acknowledge,
        scope=None,
        any_of=verbs.SILENCES,
        again=one_page,
        whole=True,
    ),
]
