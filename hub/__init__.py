"""Hub: an integration hub for property administrators in Denmark and Sweden."""

__version__ = "0.1.0"
