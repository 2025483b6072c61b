"""An executed notebook as one HTML page that a manager can read and an expert trusts.

The page holds all it needs and asks for nothing: no script, no font, no picture from elsewhere. Notebooks hold
whatever their authors' code printed, so every output passes an allow-list, and a content security policy stands
behind it.
"""

from gristmill.reports.page import Heading, render

__all__ = ["Heading", "render"]
