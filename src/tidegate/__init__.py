"""Tidegate: match, judge, decide, prove. See docs/concepts.md for the flow through these folders."""
