"""One exact index for everything comparable; `index.py` tells how it works."""

from tidegate.signals.index.allowed import nearest_frames, resolve_allowed
from tidegate.signals.index.folder import Folder
from tidegate.signals.index.index import CodeIndex
from tidegate.signals.index.model import Hit

__all__ = ["CodeIndex", "Folder", "Hit", "nearest_frames", "resolve_allowed"]
