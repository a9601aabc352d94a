"""The index: all fingerprints of the banks that are in use, asked with those of an item.

`exact` is the index itself: kinds that are equal or not lie in a dictionary, the 256-bit codes of
each other kind in a `Codes` (`codes`), of which there are two. `layered` keeps sealed tables for the
native kernels, whose layout `../native/hamming.cpp` explains, and a small delta for what is new;
`scan` is the plain numpy scan where those are not to be had. Both find exactly the same.
"""

from tidegate.signals.index.allowed import resolve_allowed
from tidegate.signals.index.exact import ExactScan
from tidegate.signals.index.model import Index, IndexedEntry, Probe

__all__ = ["ExactScan", "Index", "IndexedEntry", "Probe", "resolve_allowed"]
