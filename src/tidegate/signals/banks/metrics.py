"""What is counted of banks for Prometheus."""

from prometheus_client import Counter

QUARANTINES = Counter(
    "tidegate_quarantines", "Bank entries that matched too many different contents"
)
