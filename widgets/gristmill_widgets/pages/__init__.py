"""Notebooks that hosts show as pages, and what they share: `door` waits for whom a page is for."""
