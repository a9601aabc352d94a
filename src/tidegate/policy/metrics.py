"""What is counted of rules for Prometheus."""

from prometheus_client import Counter

RULE_FAILURES = Counter(
    "tidegate_rule_failures", "Rules that failed on an item and sent it to review"
)
