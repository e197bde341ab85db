# lunboot. `make` builds, `make run` shows it, `make test` proves it; see README.md.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
B := build

.DEFAULT_GOAL := all

include tests/unit/unit.mk
