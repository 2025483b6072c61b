"""The wizard's five steps: have, want, time, watch, answer."""
