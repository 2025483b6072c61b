"""One run after another, each from claim to finish: `Worker` claims, `Attempt` carries out."""

from gristmill.worker.worker import Worker

__all__ = ["Worker"]
