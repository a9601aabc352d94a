"""What the paths count for Prometheus. Labels are closed sets: no ids, no content."""

from prometheus_client import Counter, Histogram

ITEMS = Counter("tidegate_items", "Item revisions judged", ["verdict"])
GROUP_SIZE = Histogram(
    "tidegate_group_size",
    "Submissions committed together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
REPORTS = Counter("tidegate_reports", "Reports taken", ["channel"])
