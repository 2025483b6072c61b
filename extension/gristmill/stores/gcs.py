"""A store in a bucket of Google Cloud Storage: `gs://bucket/prefix`.

Credentials never stand in the URL: Google's library looks for them where it always does (the key file that
GOOGLE_APPLICATION_CREDENTIALS names, `gcloud auth application-default login`, the host's service account), or in the
key file that the URL's option `credentials` names. The SDK is loaded with this module, and this module only when it is
needed.

Links are signed by a service account (V4): with its key where there is one, otherwise by asking Google's IAM to sign
(signBlob), which needs the role Service Account Token Creator on itself. A person's own login cannot sign.

A multipart upload is a folder of objects, one a part, that Google composes in place, 32 at a time. A part's link is
good for that part and never for the object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.api_core.exceptions import NotFound as Absent
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob, Bucket, Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY
from requests import RequestException

from gristmill.errors import GristmillError, NotFound, NotPossible, StoreFailed, UsageError
from gristmill.stores import tokens
from gristmill.stores.base import (
    CHUNK,
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
from gristmill.stores.disk import beside, chunks, disk_faults, place

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

__all__ = ["GoogleStore"]

_OPTIONS = {
    "credentials": "the key file of a service account; Google's own search by default",
    "endpoint": "the address of a server that speaks Google's JSON API; Google by default",
}
_KEY_FILE = ("type", "client_email", "private_key")  # what of a key file is needed, and what more of it is used
_ALSO = ("private_key_id", "project_id", "token_uri")
_PASSED_OVER = ("client_id", "auth_uri", "auth_provider_x509_cert_url", "client_x509_cert_url", "universe_domain")
_TOKENS = "https://oauth2.googleapis.com/token"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"  # what IAM asks for before it signs; roles say the rest
_KIND = "application/octet-stream"
_PIECE = 8 << 20  # bytes that are sent or asked for at once, a multiple of 256 KiB
_MOST = 32  # objects that Google composes at once
_WEEK = 7 * 24 * 3600  # seconds for which a link lasts at most
_TIMEOUT = (5.0, 60.0)  # seconds to connect, and to wait for the next bytes
_DIGEST = "sha256"  # the object's metadata that carries our digest
_CURES = {
    400: "Look at what the bucket demands of its objects.",
    401: "Renew the credentials.",
    403: "Give these credentials the role Storage Object User in the bucket.",
    404: "Make the bucket, or correct its name in the store's URL.",
}


class GoogleStore(Store):
    """Objects below a prefix of one bucket; without `credentials`, or a key file of some, Google's library looks."""

    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint: str | None = None,
        credentials: Credentials | str | None = None, patience: float = 60.0,
    ) -> None:  # fmt: skip
        self.bucket = bucket
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        self._endpoint, self._credentials = endpoint, credentials
        retry = DEFAULT_RETRY.with_delay(initial=0.5, maximum=8.0).with_timeout(patience)
        self._patience: dict[str, Any] = {"timeout": _TIMEOUT, "retry": retry}

    @classmethod
    def open(cls, url: str, *, secret: bytes | None) -> GoogleStore:
        del secret  # Google signs by the service account's key
        split, given = options(url, _OPTIONS)
        if not split.netloc:
            raise UsageError(f"{url} names no bucket.", cure="Write gs://bucket or gs://bucket/prefix.")
        where, file = given.get("endpoint"), given.get("credentials")
        return cls(split.netloc, split.path.strip("/"), endpoint=where, credentials=file)

    @classmethod
    def open_with(cls, url: str, credentials: Mapping[str, str]) -> GoogleStore:
        known = {name: meaning for name, meaning in _OPTIONS.items() if name != "credentials"}
        split, given = options(url, known)
        if not split.netloc:
            raise UsageError(f"{url} names no bucket.", cure="Write gs://bucket or gs://bucket/prefix.")
        where, cure = given.get("endpoint"), "Give the key file of a service account, as Google made it (JSON)."
        file = credentials_of(credentials, _KEY_FILE, may=[*_ALSO, *_PASSED_OVER], cure=cure)
        return cls(split.netloc, split.path.strip("/"), endpoint=where, credentials=_of_key_file(file, where, cure))

    @cached_property
    def _client(self) -> Client:
        with self._faults(f"The bucket {self.bucket} cannot be reached."):
            where = {"api_endpoint": self._endpoint} if self._endpoint else None
            return Client(project=None, credentials=self._found(), client_options=where)

    def _found(self) -> Credentials:
        import google.auth
        from google.oauth2 import service_account

        if self._credentials is None:
            return google.auth.default(scopes=[_SCOPE])[0]
        if not isinstance(self._credentials, str):
            return self._credentials
        try:
            kind: Any = service_account.Credentials  # typed in part only
            found: Credentials = kind.from_service_account_file(self._credentials, scopes=[_SCOPE])
            return found
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "It is no key file of a service account"
            raise UsageError(f"{self._credentials} cannot be used as credentials.", cause=f"{reason}.") from None

    @cached_property
    def _bucket(self) -> Bucket:
        return self._client.bucket(self.bucket)

    def put_bytes(self, key: str, data: bytes) -> Stored:
        blob = self._blob(key)
        with self._faults(f"{key} could not be written to the store."):
            blob.metadata = {_DIGEST: hashlib.sha256(data).hexdigest()}
            blob.upload_from_string(data, content_type=_KIND, **self._patience)
            return _stored(key, blob)

    def put_file(self, key: str, path: Path) -> Stored:
        digest, blob = hashlib.sha256(), self._blob(key)
        with (
            self._faults(f"{key} could not be written to the store."),
            disk_faults(f"{path} could not be read.", cure=""),
        ):
            for chunk in chunks(check_file(path)):
                digest.update(chunk)
            blob.chunk_size, blob.metadata = _PIECE, {_DIGEST: digest.hexdigest()}
            blob.upload_from_filename(str(path), content_type=_KIND, **self._patience)
            return _stored(key, blob)

    def get_file(self, key: str, path: Path) -> None:
        blob = self._blob(key)
        with (
            disk_faults(f"{key} could not be written to {path}.", cure=f"Free some space for {path.parent}."),
            self._faults(f"{key} could not be fetched.", missing=key),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = beside(path)
            try:
                blob.download_to_filename(str(fresh), **self._patience)
                place(fresh, path)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise

    def stream(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        with self._faults(f"{key} could not be read from the store.", missing=key):
            found = self._look(key)
            end = found.size if size is None else min(found.size, offset + size)
            # Every piece is asked of the generation that was found, and of no later one.
            blob = self._bucket.blob(found.name, generation=found.generation)
            for start in range(offset, end, _PIECE):
                last = min(start + _PIECE, end) - 1
                piece = memoryview(blob.download_as_bytes(start=start, end=last, **self._patience))
                for begins in range(0, len(piece), CHUNK):
                    yield bytes(piece[begins : begins + CHUNK])

    def stat(self, key: str) -> Stored | None:
        name = self._name(key)
        with self._faults(f"The store could not look for {key}."):
            found = self._bucket.get_blob(name, **self._patience)
            return None if found is None else _stored(key, found)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        top = self._name(prefix) + "/" if prefix else self._prefix
        with self._faults(f"The store could not list {prefix or 'its objects'}."):
            for found in self._below(top):
                key = found.name.removeprefix(self._prefix)
                if not key.endswith("/") and not key.startswith(f"{tokens.FOLDER}/"):
                    yield Stored(key=key, size=found.size, modified_at=found.updated.timestamp())

    def delete(self, key: str) -> None:
        blob = self._blob(key)
        with self._faults(f"{key} could not be deleted."):
            self._delete(blob)

    # --- signed URLs --------------------------------------------------------------------------------------------------

    def sign_get(self, key: str, *, seconds: float, filename: str | None = None) -> str:
        disposition = None if filename is None else attachment(filename)
        return self._sign(self._blob(key), "GET", seconds, response_disposition=disposition)

    def sign_put(self, key: str, *, seconds: float, size: int | None = None) -> str:
        return self._sign(self._blob(key), "PUT", seconds, headers=self.put_headers(size))

    def sign_part(self, key: str, token: str, number: int, *, seconds: float, size: int | None = None) -> str:
        blob = self._raw(_part_name(tokens.check_token(key, token), check_part(number)))
        return self._sign(blob, "PUT", seconds, headers=self.put_headers(size))

    def put_headers(self, size: int | None = None) -> Mapping[str, str]:
        return {} if size is None else {"x-goog-content-length-range": f"{size},{size}"}

    def _sign(self, blob: Blob, method: str, seconds: float, **terms: Any) -> str:
        lasts = max(1, round(seconds))
        if lasts > _WEEK:
            raise UsageError("A link on Google Cloud Storage lasts seven days at most.", cure="Ask for a shorter time.")
        with self._faults("The store could not sign a link."):
            url: str = blob.generate_signed_url(
                version="v4", expiration=lasts, method=method, **terms, **self._signer(),
            )  # fmt: skip
        return url

    def _signer(self) -> dict[str, str]:
        """Who signs: nothing to add where the credentials hold a key, otherwise the account that IAM signs for."""
        from google.auth.credentials import Signing
        from google.auth.transport.requests import Request

        credentials = self._client._credentials
        if isinstance(credentials, Signing):
            return {}
        if not getattr(credentials, "service_account_email", None):
            raise NotPossible(
                "The store could not sign a link.",
                cause="These credentials are no service account's.",
                cure="Name a service account's key file by ?credentials=, or impersonate one (gcloud auth"
                " application-default login --impersonate-service-account).",
            )
        if not credentials.valid:
            credentials.refresh(Request())  # only then is the account's name known
        return {"service_account_email": credentials.service_account_email, "access_token": credentials.token}

    @property
    def origin(self) -> str | None:
        return origin_of(self._endpoint or "https://storage.googleapis.com")

    # --- multipart uploads --------------------------------------------------------------------------------------------

    def begin(self, key: str, *, part_size: int | None = None) -> str:
        del part_size  # parts are composed in place, whatever their sizes
        token = tokens.new_token()
        note = tokens.check_name(key).encode()
        with self._faults(f"An upload of {key} could not be begun."):
            self._raw(tokens.note(token)).upload_from_string(note, content_type=_KIND, **self._patience)
        return token

    def put_part(self, key: str, token: str, number: int, data: bytes) -> Part:
        blob = self._raw(_part_name(tokens.check_token(key, token), check_part(number)))
        with self._faults(f"Part {number} of {key} could not be written to the store."):
            self._check_under_way(key, token)
            blob.upload_from_string(data, content_type=_KIND, **self._patience)
            return _part(blob)

    def parts(self, key: str, token: str) -> Sequence[Part]:
        with self._faults(f"The parts of {key} could not be listed."):
            self._check_under_way(key, token)
            return [_part(blob) for blob in self._below(self._prefix + _part_name(token))]

    def complete(self, key: str, token: str, parts: Sequence[Part]) -> Stored:
        with self._faults(f"{key} cannot be completed."):
            ordered = check_parts(key, parts, self.parts(key, token))
            pieces = [self._raw(_part_name(token, part.number), generation=int(part.etag)) for part in ordered]
            level = 0
            while len(pieces) > _MOST:
                groups = [pieces[first : first + _MOST] for first in range(0, len(pieces), _MOST)]
                folder = f"{tokens.folder(token)}/joined-{level}"
                pieces = [self._join(group, f"{folder}/{index:05}") for index, group in enumerate(groups)]
                level += 1
            stored = _stored(key, self._join(pieces, key))
            self._drop(token)
        return stored

    def _join(self, pieces: Sequence[Blob], key: str) -> Blob:
        """One object of those pieces, each still of the generation that was seen."""
        whole = self._raw(key)
        whole.content_type = _KIND
        # Safe to repeat: the same pieces make the same object.
        whole.compose(pieces, if_source_generation_match=[piece.generation for piece in pieces], **self._patience)
        return whole

    def abort(self, key: str, token: str) -> None:
        try:
            self._check_under_way(key, token)
        except NotFound:
            return
        with self._faults(f"The upload of {key} could not be dropped."):
            self._drop(token)

    def _drop(self, token: str) -> None:
        self._delete(self._raw(tokens.note(token)))  # over for everybody else before the first part is gone
        for blob in self._below(f"{self._prefix}{tokens.folder(token)}/"):
            self._delete(blob)

    def _check_under_way(self, key: str, token: str) -> None:
        """Raises NotFound unless the token's note is there and names this key."""
        note = self._raw(tokens.note(tokens.check_token(key, token)))
        with self._faults(f"The store could not look for the upload of {key}."):
            try:
                bound = note.download_as_bytes(**self._patience)
            except Absent as error:
                raise tokens.gone(key) from error
        if bound != key.encode():
            raise tokens.gone(key)

    # --- the wire -----------------------------------------------------------------------------------------------------

    def _name(self, key: str) -> str:
        return self._prefix + tokens.check_name(key)

    def _blob(self, key: str) -> Blob:
        return self._bucket.blob(self._name(key))

    def _raw(self, key: str, generation: int | None = None) -> Blob:
        """The object, be it the store's own."""
        return self._bucket.blob(self._prefix + key, generation=generation)

    def _look(self, key: str) -> Blob:
        found = self._bucket.get_blob(self._name(key), **self._patience)
        if found is None:
            raise self._missing(key)
        return found

    def _below(self, top: str) -> Iterator[Blob]:
        yield from self._client.list_blobs(self._bucket, prefix=top, **self._patience)

    def _delete(self, blob: Blob) -> None:
        try:
            self._bucket.delete_blob(blob.name, **self._patience)
        except Absent:
            return

    def _missing(self, key: str) -> GristmillError:
        """What a 404 means: Google answers alike whether the object is missing or the bucket is; a list tells."""
        list(self._client.list_blobs(self._bucket, max_results=1, **self._patience))
        return NotFound(f"There is no {key} in the store.")

    @contextmanager
    def _faults(self, what: str, *, missing: str | None = None) -> Iterator[None]:
        """The one place where the SDK's errors become ours; `missing` is what a 404 is about."""
        try:
            yield
        except Absent as error:
            if missing is None:
                raise self._explained(error, what) from error
            with self._faults(what):
                raise self._missing(missing) from error
        except GoogleAPICallError as error:
            raise self._explained(error, what) from error
        except (RetryError, GoogleAuthError, RequestException, InvalidResponse, DataCorruption, ValueError) as error:
            reason = error.cause if isinstance(error, RetryError) and error.cause else error
            cure = "Check the store's URL, the network and the credentials (GOOGLE_APPLICATION_CREDENTIALS, or gcloud)."
            raise StoreFailed(what, cause=f"{said(reason)}.", cure=cure) from error

    def _explained(self, error: GoogleAPICallError, what: str) -> StoreFailed:
        code = int(error.code or 0)
        cause = f"The bucket {self.bucket} answered {said(error)}."
        return StoreFailed(what, cause=cause, cure=_CURES.get(code, "Try again later, or look at the bucket's log."))


def _of_key_file(file: Mapping[str, str], endpoint: str | None, cure: str) -> Credentials:
    """The service account of somebody's key file, which names nobody but Google, or the URL's own server, to go to."""
    from google.oauth2 import service_account

    tokens_at = file.get("token_uri", _TOKENS)
    is_google = tokens_at == _TOKENS and file.get("universe_domain", "googleapis.com") == "googleapis.com"
    if not is_google and not (endpoint and tokens_at.startswith(f"{endpoint.rstrip('/')}/")):
        raise UsageError("The key file names another server than Google's.", cause="token_uri is not its.", cure=cure)
    used = {name: file[name] for name in (*_KEY_FILE, *_ALSO) if name in file} | {"token_uri": tokens_at}
    try:
        if file["type"] != "service_account":
            raise ValueError(file["type"])
        kind: Any = service_account.Credentials  # typed in part only
        found: Credentials = kind.from_service_account_info(used, scopes=[_SCOPE])
        return found
    except Exception:  # whatever cryptography makes of somebody's key; it may repeat a part of it
        raise UsageError("This is no key file of a service account.", cure=cure) from None


def _stored(key: str, blob: Blob) -> Stored:
    digest = (blob.metadata or {}).get(_DIGEST)
    return Stored(key=key, size=int(blob.size), modified_at=blob.updated.timestamp(), sha256=digest)


def _part_name(token: str, number: int | None = None) -> str:
    return f"{tokens.folder(token)}/parts/{'' if number is None else f'{number:05}'}"


def _part(blob: Blob) -> Part:
    return Part(number=int(blob.name.rpartition("/")[2]), size=int(blob.size), etag=str(blob.generation))
