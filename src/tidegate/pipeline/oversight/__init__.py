"""The paths of oversight."""
