"""What the process counts for Prometheus. Labels are closed sets: no ids, no content."""

from prometheus_client import Counter, Histogram

ITEMS = Counter("tidegate_items", "Item revisions judged", ["verdict"])
RULE_FAILURES = Counter(
    "tidegate_rule_failures", "Rules that failed on an item and sent it to review"
)
QUARANTINES = Counter(
    "tidegate_quarantines", "Bank entries that matched too many different contents"
)
GROUP_SIZE = Histogram(
    "tidegate_group_size",
    "Submissions committed together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
REQUESTS = Counter("tidegate_http_requests", "HTTP requests", ["method", "status"])
LATENCY = Histogram(
    "tidegate_http_seconds",
    "Time until the response started",
    ["method"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
