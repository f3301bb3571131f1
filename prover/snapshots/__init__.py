"""Looking at published market snapshots: what changed between two, and a picture of a book on one."""

from .difference import Change, differences
from .picture import draw

__all__ = ["Change", "differences", "draw"]
