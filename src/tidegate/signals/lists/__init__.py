"""Lists of known content as organisations pass them on: one file a format, read and written."""
