"""What we say to people, in their language: every sentence of ours goes through here, by gettext.

The language is that of the request that is being answered: a context variable, which threads inherit.
Until catalogues are there, all is said as it is written, in English. Content, names and ids are nobody's
to translate and never come here.
"""

import gettext as _gettext
from contextvars import ContextVar

SOURCE = "en"
_current: ContextVar[_gettext.NullTranslations] = ContextVar("words")
_AS_WRITTEN = _gettext.NullTranslations()


def gettext(text: str) -> str:
    """The text in the reader's language."""
    return _current.get(_AS_WRITTEN).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The one of two texts that fits the number, in the reader's language, which may have more forms."""
    return _current.get(_AS_WRITTEN).ngettext(one, many, count)


def pgettext(context: str, text: str) -> str:
    """The text as it is meant in a context: "open" of a case, and of a door."""
    return _current.get(_AS_WRITTEN).pgettext(context, text)


_ = gettext
