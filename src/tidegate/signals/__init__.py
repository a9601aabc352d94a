"""What we know: fingerprints, banks of known content, and the index that finds matches.

For those who only want the matcher: `build_bank` makes a bank file of folders and lists, `Matcher`
compares files, texts and codes with it (`matcher`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.signals.bankfile import BankFileError
    from tidegate.signals.matcher import BuildError, Matcher, build_bank

__all__ = ["BankFileError", "BuildError", "Matcher", "build_bank"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: whoever wants a fingerprint does not wait for the matcher.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "bankfile" if name == "BankFileError" else "matcher"
    return getattr(import_module(f"{__name__}.{module}"), name)
