"""All pages together. Whoever wants the wizard to open at once imports this before anybody comes."""

from __future__ import annotations

from gristmill_widgets.admin.page import Admin
from gristmill_widgets.app import App
from gristmill_widgets.home.compare import Compare
from gristmill_widgets.home.files import Files
from gristmill_widgets.home.join import Join
from gristmill_widgets.home.page import Home
from gristmill_widgets.home.project import ProjectPage
from gristmill_widgets.page import Page
from gristmill_widgets.steps.have import Have
from gristmill_widgets.steps.run import RunPage
from gristmill_widgets.steps.time import Time
from gristmill_widgets.steps.want import Want

__all__ = ["PAGES", "App"]

PAGES: dict[str, type[Page]] = {
    page.name: page for page in (Home, Join, ProjectPage, Files, Compare, Have, Want, Time, RunPage, Admin)
}
