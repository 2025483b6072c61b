"""What a store on Azure signs in with, and what its links are signed by.

The account's key is read from the environment; where there is none, the identity that azure-identity finds signs in (a
service principal, a managed identity, the `az` command), and links are signed with a key that Azure delegates to it. A
project's own credentials are an account's key or a service principal.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from azure.storage.blob import BlobServiceClient, UserDelegationKey

from gristmill.errors import UsageError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

__all__ = ["KEY", "OWN_KEY", "PRINCIPAL", "Account", "moment"]

KEY = "AZURE_STORAGE_KEY"
OWN_KEY = "azure_storage_key"
PRINCIPAL = ("azure_tenant_id", "azure_client_id", "azure_client_secret")  # as azure-identity's variables are called
_WEEK = 7 * 24 * 3600.0  # seconds for which Azure delegates a key at most
_SCOPE = "https://storage.azure.com/.default"


class Account:
    """A storage account, and who goes to it: by the key in `variable`, a `credential`, or a project's `own`."""

    def __init__(
        self, name: str, *, variable: str | None, credential: TokenCredential | None, own: Mapping[str, str] | None
    ) -> None:
        self.name = name
        self._variable, self._credential, self._own = variable, credential, dict(own or {})
        self._delegated: tuple[float, UserDelegationKey] | None = None  # until when, and the key

    @cached_property
    def key(self) -> str | None:
        """The account's own key, if it is what this goes by."""
        if self._own:
            return self._own.get(OWN_KEY)
        if self._credential is not None:
            return None
        found = os.environ.get(self._variable or KEY)
        if self._variable and not found:
            raise UsageError(f"{self._variable} is not set.", cure="Set it to the account's key, or drop ?key=.")
        return found

    def signed_in(self) -> TokenCredential | dict[str, str]:
        """What the SDK's client is given."""
        if self.key:
            return {"account_name": self.name, "account_key": self.key}
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        credential: TokenCredential
        if self._own:
            credential = ClientSecretCredential(*(self._own[name] for name in PRINCIPAL))
        else:
            credential = self._credential or DefaultAzureCredential()
        credential.get_token(_SCOPE)  # fails at once, where the client would try again and again
        return credential

    def signs_by(self, service: BlobServiceClient, until: float) -> dict[str, Any]:
        """The keys by which the SDK signs a link that lasts until then."""
        return {"account_key": self.key, "user_delegation_key": None if self.key else self._delegation(service, until)}

    def _delegation(self, service: BlobServiceClient, until: float) -> UserDelegationKey:
        """A key that Azure delegates to this identity, good until then at least; it is asked for about once a day."""
        now = time.time()
        if until > now + _WEEK - 60:
            raise UsageError("A link on Azure lasts less than seven days.", cure="Ask for a shorter time.")
        if self._delegated is None or self._delegated[0] < until:
            ends = min(now + _WEEK - 60, until + 24 * 3600)
            key = service.get_user_delegation_key(moment(now - 300), moment(ends))  # clocks differ
            self._delegated = (ends, key)
        return self._delegated[1]


def moment(seconds: float) -> datetime:
    """A time as the SDK takes it."""
    return datetime.fromtimestamp(seconds, UTC)
