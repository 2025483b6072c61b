"""A visitor's files on their way into the store: what upload.js asks, answered by the client.

A file's bytes do not come here, unless its store is served to nobody or refuses the page: then a part is gathered from
pieces and handed on, so that no more than a few parts are in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gristmill.errors import Conflict, NotFound
from gristmill.records import Failure, Transfer, Upload, UploadStatus
from gristmill_widgets.html import plain
from gristmill_widgets.pieces import sentence

if TYPE_CHECKING:
    from gristmill_widgets.app import App

__all__ = ["Uploads"]

_LONGEST = 200  # bytes of a name
_LARGEST_PART = 64 << 20  # that is gathered here
_AT_ONCE = 4


class Uploads:
    """Answers the drop zones of one visitor."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._parts: dict[tuple[str, int], bytearray] = {}
        self._purposes: dict[str, str] = {}
        self._completing: set[str] = set()  # and those that are complete: the last word may come more than once
        self._whole: set[str] = set()
        self._then: dict[str, Callable[[Upload], None]] = {}
        self.project = "default"

    def on(self, purpose: str, then: Callable[[Upload], None]) -> None:
        """What to do with a file that has arrived whole."""
        self._then[purpose] = then

    def reset(self, purpose: str) -> None:
        """Let the drop zone take another file."""
        self._send({"upload": "reset", "purpose": purpose})

    def refuse(self, purpose: str, why: Failure) -> None:
        """Have the drop zone say why a file cannot be used."""
        strings = self._app.strings
        said = strings.up_altered if why.code == "checksum-mismatch" else sentence(strings, why)
        self._app.say(said)
        self._send({"upload": "failed", "why": said, "lost": True, "purpose": purpose})

    def hear(self, said: dict[str, Any], buffers: list[memoryview]) -> None:
        """What a drop zone asks."""
        act, upload_id = str(said["upload"]), str(said.get("id", ""))
        if act == "open":
            self._open(said)
        elif act == "links":
            self._ask(upload_id, lambda: self._app.client.transfer(upload_id), self._links)
        elif act == "piece":
            self._piece(said, bytes(buffers[0]) if buffers else b"")
        elif act == "done":
            self._complete(upload_id, str(said.get("sha256") or "") or None)
        elif act == "drop":
            self._app.ask(lambda: self._app.client.abandon(upload_id), lambda _: None, lambda _: None)

    def _open(self, said: dict[str, Any]) -> None:
        client, purpose, resumed = self._app.client, str(said["purpose"]), str(said.get("resume") or "")
        name, size = _named(str(said["name"])), int(said["size"])

        def opened() -> Transfer:
            if resumed:
                try:
                    transfer = client.transfer(resumed)
                except (NotFound, Conflict):
                    pass  # it has expired, or was somebody else's in this browser
                else:
                    if transfer.upload.status is UploadStatus.OPEN and transfer.upload.size == size:
                        return transfer
            return client.open_upload(name, size, project=self.project)

        def then(transfer: Transfer) -> None:
            self._purposes[transfer.upload.id] = purpose
            self._links(transfer)

        self._app.ask(opened, then, lambda why: self.refuse(purpose, why))

    def _links(self, transfer: Transfer) -> None:
        upload = transfer.upload
        if upload.status is not UploadStatus.OPEN:
            return self._arrived(upload)
        parts = [{"number": p.number, "url": p.url, "size": p.size, "headers": dict(p.headers)} for p in transfer.parts]
        arrived = [{"number": part.number, "size": part.size} for part in transfer.arrived]
        self._send(
            {
                "upload": "links",
                "id": upload.id,
                "part_size": transfer.part_size,
                "parts": parts,
                "arrived": arrived,
                "purpose": self._purpose(upload.id),
            }
        )
        return None

    def _piece(self, said: dict[str, Any], data: bytes) -> None:
        upload_id, number = str(said["id"]), int(said["number"])
        key = upload_id, number
        part = self._parts.get(key)
        if int(said["offset"]) == 0:
            part = self._parts[key] = bytearray()
        if part is None or len(part) != int(said["offset"]) or len(part) + len(data) > _LARGEST_PART:
            self._parts.pop(key, None)
            return self._took(key, fine=False)
        if len(self._parts) > _AT_ONCE:
            self._parts.pop(next(iter(self._parts)))
        part += data
        if not said.get("last"):
            return self._took(key)
        whole = bytes(self._parts.pop(key, b""))
        self._app.ask(
            lambda: self._app.client.send_part(upload_id, number, whole),
            lambda _: self._took(key),
            lambda _: self._took(key, fine=False),
        )
        return None

    def _took(self, key: tuple[str, int], *, fine: bool = True) -> None:
        upload_id, number = key
        self._send(
            {"upload": "took", "id": upload_id, "number": number, "fine": fine, "purpose": self._purpose(upload_id)}
        )

    def _complete(self, upload_id: str, sha256: str | None) -> None:
        if upload_id not in self._completing:
            self._completing.add(upload_id)
            self._ask(upload_id, lambda: self._app.client.complete_upload(upload_id, sha256=sha256), self._arrived)

    def _ask(self, upload_id: str, do: Callable[[], Any], then: Callable[[Any], None]) -> None:
        def failed(why: Failure) -> None:
            self._completing.discard(upload_id)
            if why.code in ("hub-away", "store-failed", "catalog-failed", "parts-missing"):
                self._send({"upload": "again", "purpose": self._purpose(upload_id)})
            else:
                self.refuse(self._purpose(upload_id), why)

        self._app.ask(do, then, failed)

    def _arrived(self, upload: Upload) -> None:
        then = self._then.get(self._purpose(upload.id))
        if then is not None and upload.id not in self._whole:
            self._whole.add(upload.id)
            then(upload)

    def _purpose(self, upload_id: str) -> str:
        return self._purposes.get(upload_id, "data")

    def _send(self, told: dict[str, Any]) -> None:
        self._app.screen.send(told)


def _named(name: str) -> str:
    """A file's name as the platform takes it: its ending is kept, for it says what the file is."""
    name = " ".join(plain(name).replace("/", "-").replace("\\", "-").split()) or "data"
    name = "".join(letter for letter in name if letter.isprintable()) or "data"
    stem, dot, ending = name.rpartition(".")
    if len(name.encode()) > _LONGEST and dot and len(ending) <= 10:
        return stem.encode()[: _LONGEST - 20].decode(errors="ignore") + dot + ending
    return name.encode()[:_LONGEST].decode(errors="ignore")
