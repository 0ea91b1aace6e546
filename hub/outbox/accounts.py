"""From what a site has decided about a vendor's server to an account on it."""

from __future__ import annotations

from hub.errors import HubError
from hub.settings import Site
from hub.settings.exchange import SftpSection
from hub.transport.sftp import Account, Deadlines


def sftp_of(site: Site, name: str) -> SftpSection:
    """What instance ``name`` says of its server. Raises HubError where it has none."""
    config = site.vendors.get(name)
    if config is None or config.sftp is None:
        raise HubError(
            f"{name} has no SFTP server",
            where=f"config/vendors/{name}.toml",
            do="write [sftp] with host, user and key_file (docs/exchange.md)",
        )
    return config.sftp


def account_of(site: Site, name: str) -> Account:
    """With its secrets revealed: made right before a connection, and kept no longer.

    Raises HubError where there is no server, or a secret is not where it should be.
    """
    sftp = sftp_of(site, name)
    return Account(
        host=sftp.host,
        port=sftp.port,
        user=sftp.user,
        host_keys=sftp.host_keys,
        deadlines=deadlines_of(sftp),
        key_file=site.root / sftp.key_file if sftp.key_file is not None else None,
        passphrase=sftp.passphrase.reveal(site.root) if sftp.passphrase is not None else None,
        password=sftp.password.reveal(site.root) if sftp.password is not None else None,
        downgrades=sftp.downgrades,
        prefetch_requests_max=sftp.prefetch_requests_max,
    )


def deadlines_of(sftp: SftpSection) -> Deadlines:
    return Deadlines(
        connect_seconds=sftp.connect_seconds,
        banner_seconds=sftp.banner_seconds,
        auth_seconds=sftp.auth_seconds,
        channel_seconds=sftp.channel_seconds,
        total_seconds=sftp.total_seconds,
        keepalive_seconds=sftp.keepalive_seconds,
    )
