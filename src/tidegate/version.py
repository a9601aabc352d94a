"""The program's version, from the installed package or the project file's default."""

VERSION = "0.1.0"
