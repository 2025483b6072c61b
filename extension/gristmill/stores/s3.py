"""A store in a bucket of S3, or of anything that speaks S3: `s3://bucket/prefix?endpoint=http://minio:9000`.

Credentials never stand in the URL: boto3 looks for them where it always does (environment, shared files, the host's
role), or in the profile that the URL's option `profile` names. Where a project brings its own, nothing else is asked.
boto3 is loaded with this module, and this module only when a store on S3 is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from gristmill.errors import GristmillError, NotFound, StoreFailed, UsageError
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
)
from gristmill.stores.disk import beside, chunks, disk_faults, place

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

__all__ = ["S3Store"]

_OPTIONS = {
    "endpoint": "the address of a server that speaks S3; AWS by default",
    "region": "the bucket's region; boto3's own setting by default",
    "profile": "whose credentials to take from boto3's shared files",
}
_PAIR, _SESSION = ("aws_access_key_id", "aws_secret_access_key"), "aws_session_token"  # as AWS's own files name them
_PART = 16 << 20  # bytes of a part of a large file; four are under way at once, so that 64 MiB bound the memory
_TRANSFER = TransferConfig(multipart_threshold=_PART, multipart_chunksize=_PART, max_concurrency=4)
_CONFIG = Config(
    signature_version="s3v4",
    retries={"mode": "standard", "total_max_attempts": 4},
    connect_timeout=5,
    read_timeout=60,
    # Checksums by trailer are AWS's own: other servers store them as content, or refuse them.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_DIGEST = "sha256"  # the object's metadata that carries our digest

_ABSENT = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}
_CURES = {
    "NoSuchBucket": "Make the bucket, or correct its name in the store's URL.",
    "AccessDenied": "Allow these credentials to list, read, write and delete in the bucket.",
    "403": "Allow these credentials to list, read, write and delete in the bucket.",
    "InvalidAccessKeyId": "Check the credentials of the store.",
    "SignatureDoesNotMatch": "Check the secret key, and that this machine's clock is right.",
    "RequestTimeTooSkewed": "Set this machine's clock.",
    "ExpiredToken": "Renew the credentials.",
    "EntityTooSmall": "Send parts of at least 5 MiB, the last one aside.",
    "PermanentRedirect": "Name the bucket's region by ?region=.",
}


class S3Store(Store):
    """Objects below a prefix of one bucket."""

    def __init__(
        self, bucket: str, prefix: str = "", *, endpoint: str | None = None, region: str | None = None,
        profile: str | None = None, credentials: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.bucket = bucket
        self._prefix = f"{check_key(prefix)}/" if prefix else ""
        self._endpoint, self._region, self._profile = endpoint, region, profile
        self._credentials = dict(credentials or {})

    @classmethod
    def open(cls, url: str, *, secret: bytes | None) -> S3Store:
        del secret  # S3 signs by the credentials
        return cls._at_url(url, _OPTIONS)

    @classmethod
    def open_with(cls, url: str, credentials: Mapping[str, str]) -> S3Store:
        known = {name: meaning for name, meaning in _OPTIONS.items() if name != "profile"}
        return cls._at_url(url, known, credentials_of(credentials, _PAIR, may=[_SESSION]))

    @classmethod
    def _at_url(cls, url: str, known: Mapping[str, str], credentials: Mapping[str, str] | None = None) -> S3Store:
        split, given = options(url, known)
        if not split.netloc:
            raise UsageError(f"{url} names no bucket.", cure="Write s3://bucket or s3://bucket/prefix.")
        return cls(split.netloc, split.path.strip("/"), **given, credentials=credentials)

    @cached_property
    def _client(self) -> S3Client:
        with self._faults(f"The bucket {self.bucket} cannot be reached."):
            session = Session(
                profile_name=self._profile,
                region_name=self._region,
                aws_access_key_id=self._credentials.get(_PAIR[0]),
                aws_secret_access_key=self._credentials.get(_PAIR[1]),
                aws_session_token=self._credentials.get(_SESSION),
            )
            # A server that is not AWS has no regions, and yet a signature must name one.
            region = session.region_name or ("us-east-1" if self._endpoint else None)
            # Servers of one's own have no host name for each bucket.
            style = Config(s3={"addressing_style": "path" if self._endpoint else "virtual"})
            return session.client("s3", endpoint_url=self._endpoint, region_name=region, config=_CONFIG.merge(style))

    def put_bytes(self, key: str, data: bytes) -> Stored:
        digest = hashlib.sha256(data).hexdigest()
        with self._faults(f"{key} could not be written to the store."):
            self._client.put_object(**self._at(key), Body=data, Metadata={_DIGEST: digest})
        return self._stat(key)

    def put_file(self, key: str, path: Path) -> Stored:
        digest = hashlib.sha256()
        with (
            self._faults(f"{key} could not be written to the store."),
            disk_faults(f"{path} could not be read.", cure=""),
        ):
            for chunk in chunks(check_file(path)):
                digest.update(chunk)
            extra = {"Metadata": {_DIGEST: digest.hexdigest()}}
            at = self._at(key)
            self._client.upload_file(str(path), at["Bucket"], at["Key"], ExtraArgs=extra, Config=_TRANSFER)
        return self._stat(key)

    def get_file(self, key: str, path: Path) -> None:
        at = self._at(key)
        with (
            self._faults(f"{key} could not be fetched.", missing=key),
            disk_faults(f"{key} could not be written to {path}.", cure=f"Free some space for {path.parent}."),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = beside(path)
            try:
                self._client.download_file(at["Bucket"], at["Key"], str(fresh), Config=_TRANSFER)
                place(fresh, path)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise

    def stream(self, key: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        if size is not None and size <= 0:
            return
        last = "" if size is None else offset + size - 1
        extra: Any = {} if offset == 0 and size is None else {"Range": f"bytes={offset}-{last}"}
        with self._faults(f"{key} could not be read from the store.", missing=key):
            try:
                body = self._client.get_object(**self._at(key), **extra)["Body"]
            except self._client.exceptions.ClientError as error:
                if _code(error) == "InvalidRange":  # begins at or beyond the end
                    return
                raise
            with body:
                yield from body.iter_chunks(CHUNK)

    def stat(self, key: str) -> Stored | None:
        try:
            return self._stat(key)
        except NotFound:
            return None

    def list(self, prefix: str = "") -> Iterator[Stored]:
        top = self._at(prefix)["Key"] + "/" if prefix else self._prefix
        with self._faults(f"The store could not list {prefix or 'its objects'}."):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=top):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):  # a console's, or a gateway's, mark of an empty folder
                        yield Stored(
                            key=entry["Key"].removeprefix(self._prefix),
                            size=entry["Size"],
                            modified_at=entry["LastModified"].timestamp(),
                        )

    def delete(self, key: str) -> None:
        with self._faults(f"{key} could not be deleted."):
            self._client.delete_object(**self._at(key))

    # --- signed URLs --------------------------------------------------------------------------------------------------

    def sign_get(self, key: str, *, seconds: float, filename: str | None = None) -> str:
        extra = {} if filename is None else {"ResponseContentDisposition": attachment(filename)}
        return self._sign("get_object", seconds, self._at(key) | extra)

    def sign_put(self, key: str, *, seconds: float, size: int | None = None) -> str:
        return self._sign("put_object", seconds, self._at(key) | _sized(size))

    def sign_part(self, key: str, token: str, number: int, *, seconds: float, size: int | None = None) -> str:
        part = {"UploadId": token, "PartNumber": check_part(number)}
        return self._sign("upload_part", seconds, self._at(key) | part | _sized(size))

    def _sign(self, method: str, seconds: float, params: dict[str, Any]) -> str:
        with self._faults("The store could not sign a link."):
            return self._client.generate_presigned_url(method, Params=params, ExpiresIn=max(1, round(seconds)))

    @cached_property
    def origin(self) -> str | None:
        # AWS has a host a region, and one a bucket unless its name has dots: how a link is signed tells
        return origin_of(self._endpoint or self.sign_put("origin", seconds=1))

    # --- multipart uploads --------------------------------------------------------------------------------------------

    def begin(self, key: str, *, part_size: int | None = None) -> str:
        del part_size
        with self._faults(f"An upload of {key} could not be begun."):
            return self._client.create_multipart_upload(**self._at(key))["UploadId"]

    def put_part(self, key: str, token: str, number: int, data: bytes) -> Part:
        with self._faults(f"Part {number} of {key} could not be written to the store.", missing=f"upload of {key}"):
            answer = self._client.upload_part(**self._at(key), UploadId=token, PartNumber=check_part(number), Body=data)
        return Part(number=number, size=len(data), etag=answer["ETag"])

    def parts(self, key: str, token: str) -> Sequence[Part]:
        pages = self._client.get_paginator("list_parts").paginate(**self._at(key), UploadId=token)
        with self._faults(f"The parts of {key} could not be listed.", missing=f"upload of {key}"):
            return [
                Part(number=part["PartNumber"], size=part["Size"], etag=part["ETag"])
                for page in pages
                for part in page.get("Parts", ())
            ]

    def complete(self, key: str, token: str, parts: Sequence[Part]) -> Stored:
        ordered = check_parts(key, parts, self.parts(key, token))  # servers differ in what they say of a missing one
        listed: Any = [{"PartNumber": part.number, "ETag": part.etag} for part in ordered]
        with self._faults(f"{key} cannot be completed.", missing=f"upload of {key}"):
            self._client.complete_multipart_upload(**self._at(key), UploadId=token, MultipartUpload={"Parts": listed})
        return self._stat(key)

    def abort(self, key: str, token: str) -> None:
        with self._faults(f"The upload of {key} could not be dropped.", missing=key):
            try:
                self._client.abort_multipart_upload(**self._at(key), UploadId=token)
            except self._client.exceptions.NoSuchUpload:
                return

    # --- the wire -----------------------------------------------------------------------------------------------------

    def _at(self, key: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": self._prefix + check_key(key)}

    def _stat(self, key: str) -> Stored:
        with self._faults(f"The store could not look for {key}.", missing=key):
            head = self._client.head_object(**self._at(key))
        return Stored(
            key=key,
            size=head["ContentLength"],
            modified_at=head["LastModified"].timestamp(),
            sha256=head["Metadata"].get(_DIGEST),
        )

    @contextmanager
    def _faults(self, what: str, *, missing: str | None = None) -> Iterator[None]:
        """The one place where botocore's errors become ours; `missing` is what a 404 is about."""
        try:
            yield
        except (BotoCoreError, ClientError, Boto3Error, ValueError) as error:
            # boto3 wraps what an upload's parts met into an error of its own, without a code
            answer = error if isinstance(error, ClientError) else error.__context__
            if isinstance(answer, ClientError):
                raise self._explained(answer, what, missing) from error
            credentials = "the credentials: its own, or AWS_ACCESS_KEY_ID where Gristmill runs"
            cure = f"Check the store's URL, the network and {credentials}."
            raise StoreFailed(what, cause=f"{error}".rstrip(".") + ".", cure=cure) from error

    def _explained(self, error: ClientError, what: str, missing: str | None) -> GristmillError:
        code = _code(error)
        if missing is not None and code in _ABSENT:
            return NotFound(f"There is no {missing} in the store.")
        said = error.response["Error"].get("Message", "").rstrip(".")
        cause = f"The bucket {self.bucket} answered {code}{': ' if said else ''}{said}."
        return StoreFailed(what, cause=cause, cure=_CURES.get(code, "Try again later, or look at the store's own log."))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))


def _sized(size: int | None) -> dict[str, int]:
    return {} if size is None else {"ContentLength": size}
