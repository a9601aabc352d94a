"""What people do: cases, queues, claims."""
