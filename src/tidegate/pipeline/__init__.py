"""Composes the slices into the main paths: submit, report, decide, erase. The only place that sees the whole row."""
