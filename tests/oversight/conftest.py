"""The sides of the exchange, as the tests of orders have them."""

from tests.orders.authority.conftest import bka, forum, kept

__all__ = ["bka", "forum", "kept"]
