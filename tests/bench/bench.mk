# `make bench`: lunboot beside iPXE and local disks, see tests/bench/run. B=row runs one row of the table;
# RUNS= and DELAYS= shorten it; RESULTS=1 puts the table into tests/bench/RESULTS.md.

.PHONY: bench
bench:
	@tools/install-packages test
	@$(MAKE) -s all bootdisks wire B=$(B)
	@B=$(B) tests/bench/run $(if $(BENCH_ROW),--rows $(BENCH_ROW)) $(if $(RUNS),--runs $(RUNS)) \
		$(if $(DELAYS),--delays "$(DELAYS)") $(if $(RESULTS),--results)
