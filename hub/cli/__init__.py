"""What a person types: ``hub COMMAND``. The work is elsewhere; here it is asked for, shown, and given a status."""


def main() -> int:
    """The console script. Only what the command needs is imported, so that help and errors come at once."""
    from hub.cli.app import run

    return run()
