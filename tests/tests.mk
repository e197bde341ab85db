# `make test` runs everything, `make test T=name` one: a unit test program (tests/unit/**/test_NAME.c),
# the end-to-end tests whose name contains it, or the corpora of the fuzzers: `fuzz` all, `fuzz_NAME` one.

.PHONY: test
test:
	@tools/install-packages test
	@$(MAKE) all unit-programs fuzz-programs bootdisks wire
	@B=$(B) tests/run $(T)

# Faults and an idle, for longer than `make test` has time for: all, or F=name; on an e1000, or NIC=model.
.PHONY: soak
soak:
	@tools/install-packages test
	@$(MAKE) all bootdisks wire
	@B=$(B) NIC='$(NIC)' tests/soak $(F)

# On other PCs than the one of `make test`: all, or M=name.
.PHONY: machines
machines:
	@tools/install-packages test
	@$(MAKE) all bootdisks wire
	@B=$(B) tests/machines $(M)

# With every target in every set-up: all, or T=name; IPXE=1: iPXE in those that lunboot refuses.
.PHONY: targets
targets:
	@tools/install-packages test
	@$(MAKE) all bootdisks
	@B=$(B) tests/targets/run $(T)

# What boots from the LUN: all, or G=name.
.PHONY: zoo
zoo:
	@tools/install-packages test
	@$(MAKE) all
	@B=$(B) tests/zoo/run $(G)
