"""SFTP: a server that is known by its key, and files fetched from it and put there whole (docs/exchange.md)."""

from hub.transport.sftp.account import Account, Deadlines
from hub.transport.sftp.listing import RemoteChanged, RemoteFile
from hub.transport.sftp.probing import probe
from hub.transport.sftp.session import Session, connected

__all__ = ["Account", "Deadlines", "RemoteChanged", "RemoteFile", "Session", "connected", "probe"]
