"""The wizard: the pages that lead from an upload to a prediction without code. A later release builds them here.

What stands here sees only the records, the errors and the client's methods of `gristmill`, so that the same page works
against the platform in its own process and against a hub.
"""
