# The developer's whole interface. Each target is one script that can be read on one screen.

.PHONY: help demo test check bench up clean

help:
	@echo "make demo    install, and make a model of examples/flights.zip in one minute"
	@echo "make test    install, and run every test           (make test ARGS='-k budget')"
	@echo "make check   ruff, mypy, import layers, docs"
	@echo "make bench   measure, each thing beside its peer   (make bench ARGS='start')"
	@echo "make up      install, and bring up the hub with the wizard at http://127.0.0.1:8000"
	@echo "make clean   remove what the others made: .venv, .demo, caches"

demo:
	@scripts/demo

test:
	@scripts/test $(ARGS)

check:
	@scripts/check

bench:
	@scripts/bench $(ARGS)

up:
	@scripts/up $(ARGS)

clean:
	rm -rf .venv .demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
