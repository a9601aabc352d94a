"""The demo: the main job on real posts and reports. Start with `run.py`; the data lies beside it."""
