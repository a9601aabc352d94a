"""What has to be done by when: clocks that the law, or an agreement, starts and stops."""
