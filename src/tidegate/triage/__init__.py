"""What is urgent: near-duplicates and stories in a flood of texts.

`cluster` does a batch, `Clusters` with `sketch_of` a stream; `adds.adds` says what a copy adds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tidegate.triage.batch import Clustered, Text, cluster
    from tidegate.triage.model import Assignment, Manner
    from tidegate.triage.sketching import sketch_of
    from tidegate.triage.stream import Clusters

_PLACES = {
    "Assignment": "model",
    "Clustered": "batch",
    "Clusters": "stream",
    "Manner": "model",
    "Text": "batch",
    "cluster": "batch",
    "sketch_of": "sketching",
}
__all__ = ["Assignment", "Clustered", "Clusters", "Manner", "Text", "cluster", "sketch_of"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: whoever wants a name of a file does not wait for the kernels.
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
