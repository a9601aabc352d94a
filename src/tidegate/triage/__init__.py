"""What is urgent, and why: clusters, priority, surges."""
