"""A store in a container of Azure Blob Storage: `az://container/prefix?account=name`.

Credentials never stand in the URL; see `azure_account`. The SDK is loaded with this module, and this module only when
it is needed.

A multipart upload is a set of uncommitted blocks at the object's own key, their names beginning with its token.
- Whatever else is written at that key in the meantime drops them: completing then says which parts to send again.
- Azure drops blocks that nobody commits after a week.

What Azure's links cannot promise: they permit a method on one object until they expire, but hold neither to a size nor
to one part. Whoever has a link for a part may write the object.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import (
    BlobBlock,
    BlobClient,
    BlobProperties,
    BlobSasPermissions,
    BlobServiceClient,
    ExponentialRetry,
    generate_blob_sas,
)

from gristmill.errors import GristmillError, NotFound, StoreFailed, UsageError
from gristmill.stores import tokens
from gristmill.stores.azure_account import KEY, OWN_KEY, PRINCIPAL, Account, moment
from gristmill.stores.base import (
    Part,
    Store,
    Stored,
    attachment,
    check_file,
    check_key,
    check_part,
    check_parts,
    credentials_of,
    options,
    origin_of,
    said,
)
from gristmill.stores.disk import beside, chunks, disk_faults, place, write

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

__all__ = ["AzureStore"]

_ACCOUNT = "AZURE_STORAGE_ACCOUNT"
_OPTIONS = {
    "account": f"the storage account; {_ACCOUNT} by default",
    "endpoint": "the address of the account; https://ACCOUNT.blob.core.windows.net by default",
    "key": f"the environment variable that holds the account's key; {KEY} by default",
}
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_NAME = re.compile(r"[a-z0-9]{3,24}")  # of an account: it becomes a part of a host's name
_BLOCK = 8 << 20  # bytes of a block of a large file; four are under way at once, each twice in memory for a moment
_PIECE = 4 << 20  # bytes that are asked for at once while streaming
_DIGEST = "sha256"  # the object's metadata that carries our digest

_ABSENT = "BlobNotFound"
_CURES = {
    "AuthenticationFailed": f"Check the account's key in {KEY}, and that this machine's clock is right.",
    "AuthorizationFailure": f"Check the account's key in {KEY}, and that the account admits this machine.",
    "AuthorizationPermissionMismatch": "Give the identity the roles Storage Blob Data Contributor and Delegator.",
    "ContainerNotFound": "Make the container, or correct its name in the store's URL.",
}


class AzureStore(Store):
    """Objects below a prefix of one container; without a `credential` the environment is asked for one."""

    def __init__(
        self, container: str, prefix: str = "", *, account: str, endpoint: str | None = None, key: str | None = None,
        credential: TokenCredential | None = None, retries: int = 3, own: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.container = container
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        self._endpoint = (endpoint or f"https://{account}.blob.core.windows.net").rstrip("/")
        self._account, self._retries = Account(account, variable=key, credential=credential, own=own), retries

    @classmethod
    def open(cls, url: str, *, secret: bytes | None) -> AzureStore:
        del secret  # Azure signs by the account's key, or by one that it delegates
        split, given = options(url, _OPTIONS)
        if not split.netloc:
            raise UsageError(f"{url} names no container.", cure="Write az://container/prefix?account=name.")
        if not _VARIABLE.fullmatch(given.get("key", KEY)):
            raise UsageError("The option key of an az:// store names an environment variable, not the key itself.")
        account = given.get("account") or os.environ.get(_ACCOUNT)
        if not account:
            raise UsageError("The store's URL names no account.", cure=f"Add ?account=NAME to it, or set {_ACCOUNT}.")
        where, key = given.get("endpoint"), given.get("key")
        return cls(split.netloc, split.path.strip("/"), account=account, endpoint=where, key=key)

    @classmethod
    def open_with(cls, url: str, credentials: Mapping[str, str]) -> AzureStore:
        split, given = options(url, {name: meaning for name, meaning in _OPTIONS.items() if name != "key"})
        if not split.netloc:
            raise UsageError(f"{url} names no container.", cure="Write az://container/prefix?account=name.")
        account = given.get("account", "")
        if not _NAME.fullmatch(account):
            raise UsageError(
                "The store's URL names no account.", cure="Add ?account=NAME to it: small letters, digits."
            )
        own = credentials_of(credentials, [OWN_KEY], PRINCIPAL)
        return cls(split.netloc, split.path.strip("/"), account=account, endpoint=given.get("endpoint"), own=own)

    @cached_property
    def _service(self) -> BlobServiceClient:
        with self._faults(f"The container {self.container} cannot be reached."):
            return BlobServiceClient(
                self._endpoint,
                credential=self._account.signed_in(),
                retry_policy=ExponentialRetry(
                    initial_backoff=0, increment_base=2, retry_total=self._retries, random_jitter_range=1
                ),
                connection_timeout=5,
                read_timeout=60,
                max_single_put_size=_BLOCK,
                max_block_size=_BLOCK,
                max_single_get_size=_PIECE,
                max_chunk_get_size=_PIECE,
            )

    def put_bytes(self, key: str, data: bytes) -> Stored:
        with self._faults(f"{key} could not be written to the store."):
            digest = {_DIGEST: hashlib.sha256(data).hexdigest()}
            self._blob(key).upload_blob(data, overwrite=True, metadata=digest)
        return self._stat(key)

    def put_file(self, key: str, path: Path) -> Stored:
        digest, blob = hashlib.sha256(), self._blob(key)
        with (
            self._faults(f"{key} could not be written to the store."),
            disk_faults(f"{path} could not be read.", cure=""),
        ):
            for chunk in chunks(check_file(path)):
                digest.update(chunk)
            with path.open("rb") as file:
                blob.upload_blob(file, overwrite=True, metadata={_DIGEST: digest.hexdigest()}, max_concurrency=4)
        return self._stat(key)

    def get_file(self, key: str, path: Path) -> None:
        with disk_faults(f"{key} could not be written to {path}.", cure=f"Free some space for {path.parent}."):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = beside(path)
            try:
                write(self.stream(key), fresh)
                place(fresh, path)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise

    def stream(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        blob = self._blob(key)
        if size is not None and size <= 0:
            return
        with self._faults(f"{key} could not be read from the store.", missing=key):
            try:
                # The pieces after the first are asked for on condition that the object is still the same.
                yield from blob.download_blob(offset, size).chunks()
            except HttpResponseError as error:
                if _code(error) != "InvalidRange":  # begins at or beyond the end
                    raise

    def stat(self, key: str) -> Stored | None:
        try:
            return self._stat(key)
        except NotFound:
            return None

    def list(self, prefix: str = "") -> Iterator[Stored]:
        top = self._name(prefix) + "/" if prefix else self._prefix
        with self._faults(f"The store could not list {prefix or 'its objects'}."):
            container = self._service.get_container_client(self.container)
            for found in container.list_blobs(name_starts_with=top):
                key = found.name.removeprefix(self._prefix)
                if not key.endswith("/") and not key.startswith(f"{tokens.FOLDER}/"):
                    yield _stored(key, found)

    def delete(self, key: str) -> None:
        self._delete(self._blob(key))

    def _delete(self, blob: BlobClient) -> None:
        with self._faults(f"{blob.blob_name} could not be deleted."):
            try:
                blob.delete_blob(delete_snapshots="include")
            except HttpResponseError as error:
                if _code(error) != _ABSENT:
                    raise

    # --- signed URLs --------------------------------------------------------------------------------------------------

    def sign_get(self, key: str, *, seconds: float, filename: str | None = None) -> str:
        disposition = None if filename is None else attachment(filename)
        return self._sign(key, BlobSasPermissions(read=True), seconds, disposition=disposition)

    def sign_put(self, key: str, *, seconds: float, size: int | None = None) -> str:
        del size  # no link of Azure's can hold to it
        return self._sign(key, BlobSasPermissions(create=True, write=True), seconds)

    def sign_part(self, key: str, token: str, number: int, *, seconds: float, size: int | None = None) -> str:
        del size
        block = _block(tokens.check_token(key, token), check_part(number))
        link = self._sign(key, BlobSasPermissions(write=True), seconds)
        return f"{link}&comp=block&blockid={quote(base64.b64encode(block.encode()), safe='')}"

    def put_headers(self, size: int | None = None) -> Mapping[str, str]:
        del size
        return {"x-ms-blob-type": "BlockBlob"}

    def _sign(self, key: str, permission: BlobSasPermissions, seconds: float, *, disposition: str | None = None) -> str:
        blob, until = self._blob(key), time.time() + max(1.0, seconds)
        with self._faults("The store could not sign a link."):
            signature = generate_blob_sas(
                self._account.name,
                self.container,
                self._name(key),
                **self._account.signs_by(self._service, until),
                permission=permission,
                expiry=moment(until),
                content_disposition=disposition,
            )
        return f"{blob.url}?{signature}"

    @property
    def origin(self) -> str | None:
        return origin_of(self._endpoint)

    # --- multipart uploads --------------------------------------------------------------------------------------------

    def begin(self, key: str, *, part_size: int | None = None) -> str:
        del part_size  # blocks are committed in place, whatever their sizes
        token = tokens.new_token()
        with self._faults(f"An upload of {key} could not be begun."):
            note = tokens.check_name(key).encode()
            self._raw(tokens.note(token)).upload_blob(note)
        return token

    def put_part(self, key: str, token: str, number: int, data: bytes) -> Part:
        block = _block(tokens.check_token(key, token), check_part(number))
        with self._faults(f"Part {number} of {key} could not be written to the store."):
            self._check_under_way(key, token)
            self._blob(key).stage_block(block, data, len(data))
        return _part(block, number, len(data))

    def parts(self, key: str, token: str) -> Sequence[Part]:
        with self._faults(f"The parts of {key} could not be listed."):
            self._check_under_way(key, token)
            return self._arrived(key, token)

    def complete(self, key: str, token: str, parts: Sequence[Part]) -> Stored:
        with self._faults(f"{key} cannot be completed."):
            ordered = check_parts(key, parts, self.parts(key, token))
            self._blob(key).commit_block_list([BlobBlock(_block(token, part.number)) for part in ordered])
        self._delete(self._raw(tokens.note(token)))
        return self._stat(key)

    def abort(self, key: str, token: str) -> None:
        try:
            self._check_under_way(key, tokens.check_token(key, token))
        except NotFound:
            return
        self._delete(self._raw(tokens.note(token)))

    def _check_under_way(self, key: str, token: str) -> None:
        """Raises NotFound unless the token's note is there and names this key."""
        with self._faults(f"The store could not look for the upload of {key}."):
            try:
                bound = self._raw(tokens.note(tokens.check_token(key, token))).download_blob().readall()
            except HttpResponseError as error:
                if _code(error) != _ABSENT:
                    raise
                raise tokens.gone(key) from error
        if bound != key.encode():
            raise tokens.gone(key)

    def _arrived(self, key: str, token: str) -> Sequence[Part]:
        try:
            _, blocks = self._blob(key).get_block_list("uncommitted")
        except HttpResponseError as error:
            if _code(error) != _ABSENT:  # not even a part has come
                raise
            return []
        ours = [block for block in blocks if block.id.startswith(f"{token}-")]
        found = [_part(block.id, int(block.id.removeprefix(f"{token}-")), block.size) for block in ours]
        return sorted(found, key=lambda part: part.number)

    # --- the wire -----------------------------------------------------------------------------------------------------

    def _name(self, key: str) -> str:
        if any(segment.endswith(".") for segment in tokens.check_name(key).split("/")):
            raise UsageError(f"{key[:80]!r} cannot be a key in the store.", cause="Azure drops a dot at a name's end.")
        return self._prefix + key

    def _blob(self, key: str) -> BlobClient:
        self._name(key)
        return self._raw(key)

    def _raw(self, key: str) -> BlobClient:
        """The object, be it the store's own."""
        return self._service.get_blob_client(self.container, self._prefix + key)

    def _stat(self, key: str) -> Stored:
        blob = self._blob(key)
        with self._faults(f"The store could not look for {key}.", missing=key):
            return _stored(key, blob.get_blob_properties())

    @contextmanager
    def _faults(self, what: str, *, missing: str | None = None) -> Iterator[None]:
        """The one place where the SDK's errors become ours; `missing` is what a 404 is about."""
        try:
            yield
        except (AzureError, ValueError) as error:
            if isinstance(error, HttpResponseError) and error.response is not None:
                raise self._explained(error, what, missing) from error
            host = urlsplit(self._endpoint).netloc
            cure = f"Check the store's URL, the network and the credentials ({KEY}, or az login)."
            raise StoreFailed(what, cause=f"{host}: {said(error)}.", cure=cure) from error

    def _explained(self, error: HttpResponseError, what: str, missing: str | None) -> GristmillError:
        code = _code(error)
        if missing is not None and error.status_code == 404 and code != "ContainerNotFound":
            return NotFound(f"There is no {missing} in the store.")
        cause = f"The container {self.container} answered {code}: {said(error)}."
        return StoreFailed(what, cause=cause, cure=_CURES.get(code, "Try again later, or look at the account's log."))


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None) or error.status_code or "unknown"
    return str(getattr(code, "value", code))


def _stored(key: str, found: BlobProperties) -> Stored:
    digest = (found.metadata or {}).get(_DIGEST)
    return Stored(key=key, size=found.size, modified_at=found.last_modified.timestamp(), sha256=digest)


def _block(token: str, number: int) -> str:
    """The block's name; all names at one key must be equally long."""
    return f"{token}-{number:05}"


def _part(block: str, number: int, size: int) -> Part:
    return Part(number=number, size=size, etag=f"{block}-{size}")
