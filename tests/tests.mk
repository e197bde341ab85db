# `make test` runs everything, `make test T=name` one: a unit test program (tests/unit/test_NAME.c) or
# the end-to-end tests whose name contains it.

.PHONY: test
test:
	@tools/install-packages test
	@$(MAKE) all unit-programs bootdisks wire
	@B=$(B) tests/run $(T)

# Faults for longer than `make test` has time for: all, or F=name.
.PHONY: soak
soak:
	@tools/install-packages test
	@$(MAKE) all bootdisks wire
	@B=$(B) tests/soak $(F)
