"""What we know: fingerprints, banks of known content, and the index that finds matches.

For those who only want the matcher: `build_bank` makes a bank file of folders and lists, `Matcher`
compares files, texts and codes with it (`standalone`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.signals.standalone.bankfile import BankFileError
    from tidegate.signals.standalone.examining import DecoderDown
    from tidegate.signals.standalone.matcher import BuildError, Matcher, build_bank

_PLACES = {
    "BankFileError": "standalone.bankfile",
    "BuildError": "standalone.matcher",
    "DecoderDown": "standalone.examining",
    "Matcher": "standalone.matcher",
    "build_bank": "standalone.matcher",
}
__all__ = ["BankFileError", "BuildError", "DecoderDown", "Matcher", "build_bank"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: whoever wants a fingerprint does not wait for the matcher.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
