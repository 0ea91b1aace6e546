"""Dispatches, files fetched, rounds and notices: their SQL."""
