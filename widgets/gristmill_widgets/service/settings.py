"""What the environment says about the wizard's service, read once, when it starts.

The hub sets the names that begin with JUPYTERHUB_ for its managed services; the others are documented in
docs/settings.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from gristmill.errors import UsageError
from gristmill_widgets.service.origins import ORIGIN

__all__ = ["KERNEL_KEEPS", "ServiceSettings", "kernel_environment"]

# All that a kernel learns of the service's own environment: how to find Python's packages, and how to speak and count.
KERNEL_KEEPS = (
    *("PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "LD_LIBRARY_PATH"),
    *("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "TZ"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceSettings:
    """Where the service listens, whom it asks, and how many it lets in."""

    address: str  # it listens here
    port: int
    prefix: str  # the path at which the hub's proxy shows it; ends in a slash
    api: str  # where the platform's API is, for kernels
    seats: int  # pages at a time
    seats_each: int  # pages of one person at a time
    pool: int  # kernels that stand ready
    connect: tuple[str, ...] = ()  # origins, beside the hub's own, that a page may send files to
    idle: float = 600.0  # seconds without a socket after which a page is taken for closed
    recheck: float = 10.0  # seconds between two looks at whether visitors are still signed in

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> ServiceSettings:
        """The settings that the hub and the operator have made."""
        where = urlsplit(environment.get("JUPYTERHUB_SERVICE_URL", ""))
        prefix = environment.get("JUPYTERHUB_SERVICE_PREFIX", "")
        if not where.hostname or not where.port or not prefix or not environment.get("JUPYTERHUB_API_TOKEN"):
            raise UsageError(
                "The wizard runs as a service of JupyterHub.",
                cause="JUPYTERHUB_SERVICE_URL, JUPYTERHUB_SERVICE_PREFIX or JUPYTERHUB_API_TOKEN is not set.",
                cure="Let the hub start it: see docs/hub.md.",
            )
        return cls(
            address=where.hostname,
            port=where.port,
            prefix=prefix.rstrip("/") + "/",
            api=_api(environment),
            seats=_number(environment, "GRISTMILL_WIZARD_SEATS", 60),
            seats_each=_number(environment, "GRISTMILL_WIZARD_SEATS_EACH", 5),
            pool=_number(environment, "GRISTMILL_WIZARD_POOL", 4),
            connect=(*_store(environment), *map(_origin, environment.get("GRISTMILL_WIZARD_CONNECT", "").split())),
        )


def kernel_environment(environment: Mapping[str, str], folder: str) -> dict[str, str]:
    """The whole environment of a kernel that lives in `folder`: never the service's token, nor what a request said."""
    kept = {name: environment[name] for name in KERNEL_KEEPS if name in environment}
    own = {"HOME": folder, "TMPDIR": folder, "GRISTMILL_HOME": folder, "IPYTHONDIR": f"{folder}/ipython"}
    jupyter = {name: folder for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
    return kept | own | jupyter | {"JUPYTER_NO_CONFIG": "1", "PYTHONNOUSERSITE": "1", "OMP_NUM_THREADS": "1"}


def _api(environment: Mapping[str, str]) -> str:
    """GRISTMILL_URL, else the service `gristmill` at the hub's public address."""
    said = environment.get("GRISTMILL_URL", "")
    public = environment.get("JUPYTERHUB_PUBLIC_HUB_URL", "")
    if not said and not public:
        raise UsageError(
            "The wizard does not know where the API is.",
            cure="Set GRISTMILL_URL in the service's environment, such as http://127.0.0.1:8000/services/gristmill",
        )
    return said or public.rstrip("/").removesuffix("/hub") + "/services/gristmill"


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not int(text):
        raise UsageError(f"{name} is {text!r}.", cure="Give a whole number of at least 1, or leave it out.")
    return int(text)


def _store(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The origin of the platform's own store, where its URL names a server of another address."""
    named = parse_qs(urlsplit(environment.get("GRISTMILL_STORE", "")).query).get("endpoint", [""])[-1]
    try:
        return (_origin(named),)
    except UsageError:
        return ()  # none is named, or one that is no address, of which the API will say so


def _origin(text: str) -> str:
    found = ORIGIN.fullmatch(text)
    if found is None:
        raise UsageError(
            f"GRISTMILL_WIZARD_CONNECT names {text!r}.", cure="Give origins such as https://bucket.s3.amazonaws.com"
        )
    return found[1]
