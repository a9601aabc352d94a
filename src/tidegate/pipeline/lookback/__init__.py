"""The look back: what is new in the banks is matched against the items that are kept."""
