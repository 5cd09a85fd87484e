"""The daemon's file, `/etc/digitd/digitd.toml`: what it may hold, checked before anything starts.

Imported only by what needs it: pydantic takes as long to come in as two readings take.
"""
