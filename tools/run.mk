# Rules around tools/: the packages, and a machine that shows lunboot at work.
# The packages come first, so building happens in a make of its own.

.PHONY: run packages
run:
	@tools/install-packages run
	@$(MAKE) $(B)/lunboot.elf
	@B=$(B) tools/run

# Everything that building, running and testing needs.
packages:
	@tools/install-packages test
