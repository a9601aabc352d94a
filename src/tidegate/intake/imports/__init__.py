"""Files of reports, read as streams: NDJSON, tables, and e-mail as mbox, as `.eml` or as a folder of it.

Each format is a file here and says how a file falls into pieces, and what report a piece is. All of it is
pure: nothing is fetched, written or asked. A piece becomes one report or one problem, whatever is in it
([ADR 55](docs/adr/0055-an-e-mail-is-one-report.md)).
"""
