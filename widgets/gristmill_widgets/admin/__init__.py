"""For those who run an installation: what everybody uses and may use, and who did what."""
