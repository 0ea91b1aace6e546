"""A real OpenSSH server on loopback with its own keys, port and folder, and a wire to it that can be cut anywhere."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

SSHD = Path("/usr/sbin/sshd")
#: Where sshd keeps its unprivileged half; without it a server that root starts refuses to run.
_PRIVILEGE_FOLDER = Path("/run/sshd")
_START_SECONDS = 10
_KEY_OPTIONS = {"ed25519": (), "rsa": ("-b", "2048"), "ecdsa": ("-b", "256")}


class Sshd:
    """One server. A context manager: inside, it runs.

    ``folder`` is made and holds everything; ``root`` in it is where the login leads to. ``refused`` are requests that
    are not allowed (``rename,posix-rename,remove``), ``options`` more lines of sshd_config. ``disk_bytes`` puts a disk
    of that size under ``root``, ``password`` makes the user's password this one, for this server alone; both need root
    and skip the test elsewhere.
    """

    def __init__(
        self,
        folder: Path,
        *,
        refused: str = "",
        host_key_types: Sequence[str] = ("ed25519",),
        options: Sequence[str] = (),
        disk_bytes: int | None = None,
        password: str | None = None,
    ) -> None:
        if not SSHD.exists():
            pytest.skip(f"there is no {SSHD}: install openssh-server")
        if (disk_bytes is not None or password is not None) and not _can_mount():
            pytest.skip("a disk or a password of the server's own needs root and a mount namespace (unshare --mount)")
        self.folder = folder
        self.port = free_port()
        self.user = pwd.getpwuid(os.getuid()).pw_name
        self._refused = refused
        self._host_key_types = tuple(host_key_types)
        self._options = tuple(options)
        self._disk_bytes = disk_bytes
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._root = folder / "root"
        self._root.mkdir(parents=True)
        self.user_key = _copy_key(folder / "user_key")
        shutil.copy(self.user_key.with_suffix(".pub"), folder / "authorized_keys")
        for type_ in self._host_key_types:
            _copy_key(folder / f"host_{type_}", type_)

    def __enter__(self) -> Sshd:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def root(self) -> Path:
        """The folder that the login leads to, as the server sees it: its disk may be its own."""
        if self._disk_bytes is None or self._process is None:
            return self._root
        return Path(f"/proc/{self._process.pid}/root{self._root}")

    @property
    def path(self) -> str:
        """The folder that the login leads to, as the server names it."""
        return str(self._root)

    @property
    def host_key_lines(self) -> list[str]:
        """Of all its host keys, as a configuration pins them: ``TYPE SHA256:...``."""
        return [fingerprint_line(self.folder / f"host_{type_}.pub") for type_ in self._host_key_types]

    @property
    def host_key_line(self) -> str:
        return self.host_key_lines[0]

    @property
    def log(self) -> str:
        """What the server has said since it was first started."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def start(self) -> None:
        if os.getuid() == 0:
            _PRIVILEGE_FOLDER.mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        config.write_text("\n".join(self._config()) + "\n", encoding="utf-8")
        command = shlex.join([str(SSHD), "-D", "-f", str(config), "-E", str(self.folder / "log")])
        mounts = list(self._mounts())
        if mounts:
            script = " && ".join([*mounts, f"exec {command}"])
            arguments = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
        else:
            arguments = shlex.split(command)
        self._process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """Stops it, and cuts whoever is connected."""
        if self._process is None:
            return
        children = _descendants(self._process.pid)
        self._process.terminate()
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """On the same port."""
        self.stop()
        self.start()

    def cut(self) -> None:
        """Whoever is connected is not any more; the server goes on."""
        assert self._process is not None
        for child in _descendants(self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def wait_until_quiet(self) -> None:
        """Until nobody is connected: what came before a cut may still be worked on after it."""
        process = self._process
        assert process is not None
        wait_until(lambda: not _descendants(process.pid), "nobody is connected")

    def change_host_keys(self) -> None:
        """New keys of the same types, as after a server was set up anew, or somebody stands in between."""
        for type_ in self._host_key_types:
            path = self.folder / f"host_{type_}"
            path.unlink()
            path.with_suffix(".pub").unlink()
            make_key(path, type_)
        self.restart()

    def _config(self) -> Iterator[str]:
        yield from (f"HostKey {self.folder / f'host_{type_}'}" for type_ in self._host_key_types)
        sftp = ["internal-sftp", "-d", self.path, *(["-P", self._refused] if self._refused else [])]
        yield from (
            "ListenAddress 127.0.0.1",
            f"Port {self.port}",
            "PidFile none",
            "UsePAM no",
            "PermitRootLogin yes",
            "StrictModes no",
            "LogLevel VERBOSE",
            "MaxStartups 1000",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'}",
            f"PasswordAuthentication {'no' if self._password is None else 'yes'}",
            "KbdInteractiveAuthentication no",
            f"Subsystem sftp {' '.join(sftp)}",
        )
        if _version() >= (9, 8):
            # Tests fail to log in on purpose, all from one address.
            yield "PerSourcePenalties no"
        yield from self._options

    def _mounts(self) -> Iterator[str]:
        if self._disk_bytes is not None:
            yield shlex.join(["mount", "-t", "tmpfs", "-o", f"size={self._disk_bytes}", "tmpfs", self.path])
        if self._password is not None:
            hashed = subprocess.run(
                ["openssl", "passwd", "-6", "-stdin"], input=self._password.encode(), capture_output=True, check=True
            ).stdout.strip()
            shadow = self.folder / "shadow"
            lines = Path("/etc/shadow").read_bytes().split(b"\n")
            own = self.user.encode() + b":"
            kept = [line for line in lines if line and not line.startswith(own)]
            shadow.write_bytes(b"\n".join([*kept, own + hashed + b":20000:0:99999:7:::", b""]))
            shadow.chmod(0o600)
            yield shlex.join(["mount", "--bind", str(shadow), "/etc/shadow"])

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                if probe.recv(4) == b"SSH-":
                    return
            time.sleep(0.01)
        self.stop()
        raise AssertionError(f"sshd does not run on port {self.port}: {self.log}")


How = Literal["stall", "reset", "cut"]


class Proxy:
    """A wire to a server on loopback. A context manager; clients connect to its ``port``.

    ``uploaded`` and ``downloaded`` count the bytes that went through, towards the server and from it.
    """

    def __init__(self, to_port: int) -> None:
        self._to = ("127.0.0.1", to_port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.uploaded = 0
        self.downloaded = 0
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._mended = threading.Event()
        self._how: How | None = None
        self._left: dict[str, int | None] = {}
        self._closed = False
        self._accepting = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Proxy:
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self._listener.close()
        self.mend()
        self._end(abruptly=False)

    def interrupt(self, how: How, *, uploaded: int | None = None, downloaded: int | None = None) -> None:
        """After so many more bytes one way (0 = at once), nothing goes through any more, until :meth:`mend`.

        ``stall``: both sides wait; ``reset``: connections end with RST, ``cut``: with FIN, and new ones likewise.
        """
        with self._lock:
            self._mended.clear()
            self._how = how
            self._left = {"uploaded": uploaded, "downloaded": downloaded}

    def mend(self) -> None:
        """From now on everything goes through, also what was stalled."""
        with self._lock:
            self._how = None
            self._left = {}
        self._mended.set()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._to, 5)
            except OSError:
                if self._closed:
                    return
                client.close()
                continue
            with self._lock:
                self.connections += 1
                self._sockets += [client, server]
            for source, target, way in ((client, server, "uploaded"), (server, client, "downloaded")):
                threading.Thread(target=self._pump, args=(source, target, way), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                while data:
                    part = data[: self._allowed(way, len(data))]
                    target.sendall(part)
                    data = data[len(part) :]
                    if data and not self._interrupted():
                        return
            if target in self._sockets:
                target.shutdown(socket.SHUT_WR)

    def _allowed(self, way: str, count: int) -> int:
        """How many of ``count`` bytes may pass now."""
        with self._lock:
            if self._how is not None:
                left = self._left.get(way)
                if any(other == 0 for other in self._left.values()):
                    count = 0
                elif left is not None:
                    count = min(left, count)
                    self._left[way] = left - count
            setattr(self, way, getattr(self, way) + count)
            return count

    def _interrupted(self) -> bool:
        """Does what was asked for; whether the rest may go through after all."""
        with self._lock:
            how = self._how
            if how is None:
                return True
            if not any(left == 0 for left in self._left.values()):
                return True
        if how == "stall":
            self._mended.wait()
            return not self._closed
        self._end(abruptly=how == "reset")
        return False

    def _end(self, *, abruptly: bool) -> None:
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            with contextlib.suppress(OSError):
                if abruptly:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                # Who waits for bytes holds the socket open until he is woken; SHUT_RD tells the far side nothing.
                one.shutdown(socket.SHUT_RD if abruptly else socket.SHUT_RDWR)
                one.close()


@contextmanager
def silent_server(say: bytes = b"") -> Iterator[int]:
    """The port of a server that takes connections, says this, and then nothing."""
    taken: list[socket.socket] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                taken.append(listener.accept()[0])
                taken[-1].sendall(say)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        for one in taken:
            one.close()


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


def make_key(path: Path, type_: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair at ``path`` and ``path.pub``."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", type_, *_KEY_OPTIONS[type_], "-N", passphrase, "-C", "test", "-f", str(path)],
        check=True,
    )
    return path


def _copy_key(path: Path, type_: str = "ed25519") -> Path:
    """Of the one key of this type that all tests of a process share: making one takes longer than using it."""
    private, public = _shared_key(type_)
    path.touch(mode=0o600)
    path.write_bytes(private)
    path.with_suffix(".pub").write_bytes(public)
    return path


@cache
def _shared_key(type_: str) -> tuple[bytes, bytes]:
    with tempfile.TemporaryDirectory(prefix="hub-key-") as folder:
        path = make_key(Path(folder) / "key", type_)
        return path.read_bytes(), path.with_suffix(".pub").read_bytes()


def fingerprint_line(public_key: Path) -> str:
    """``TYPE SHA256:...`` as OpenSSH's own program tells it."""
    told = subprocess.run(["ssh-keygen", "-lf", str(public_key)], capture_output=True, text=True, check=True).stdout
    return f"{public_key.read_text(encoding='ascii').split()[0]} {told.split()[1]}"


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {what}"
        time.sleep(0.01)


def _can_mount() -> bool:
    return os.getuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


def _version() -> tuple[int, int]:
    told = subprocess.run([str(SSHD), "-V"], capture_output=True, text=True).stderr
    match = re.search(r"OpenSSH_([0-9]+)\.([0-9]+)", told)
    assert match, told
    return int(match[1]), int(match[2])


def _descendants(pid: int) -> list[int]:
    """Processes below this one, from its children on."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in map(int, task.read_text(encoding="ascii").split()):
                found += [child, *_descendants(child)]
    return found
