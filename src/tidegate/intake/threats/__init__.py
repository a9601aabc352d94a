"""Threats to life in what people tell us: read before any queue, by packs that people can edit.

`screen.Screen` is what others use; `model` says what it answers, `reading` how a pack is written.
"""
