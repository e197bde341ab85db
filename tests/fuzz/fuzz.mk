# Fuzzers: every tests/fuzz/fuzz_NAME.c is one. It is linked with libFuzzer, with the portable files of kernel/,
# which are compiled once more, by clang with ASan, UBSan and libFuzzer's coverage, and with those files of
# this directory and stand-ins of the unit tests whose headers it includes.

FUZZ_CC ?= clang
FUZZ_CFLAGS := -std=gnu11 -g -O2 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -iquote kernel -iquote tests/unit
# Stand-ins are not what is to be explored. Comparisons are not traced: UBSan's own, of each pointer, would
# be most of them, and take most of the time. `make fuzz FUZZ_COVERAGE=-fsanitize=fuzzer-no-link` does.
FUZZ_COVERAGE := -fsanitize-coverage=inline-8bit-counters,pc-table

FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SHARED := $(patsubst tests/fuzz/%.c,%,$(filter-out tests/fuzz/fuzz_%.c,$(wildcard tests/fuzz/*.c)))
fuzz_shared = $(sort input $(filter $(FUZZ_SHARED), \
	$(shell sed -n 's/^\#include "\([a-z0-9_]*\)\.h"$$/\1/p' tests/fuzz/fuzz_$(1).c)))
# Their assertions come with test.h; the main() of test.c must not.
fuzz_stand_ins = $(filter-out test,$(call with_theirs,platform_host $(call named_in,tests/fuzz/fuzz_$(1).c \
	$(patsubst %,tests/fuzz/%.c,$(call fuzz_shared,$(1))) \
	$(patsubst %,tests/fuzz/%.h,$(call fuzz_shared,$(1))))))

$(B)/fuzz/obj/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_COVERAGE) -MMD -MP -c $< -o $@

$(B)/fuzz/obj/tests/fuzz/%.o: tests/fuzz/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_COVERAGE) -MMD -MP -c $< -o $@

$(B)/fuzz/obj/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	@$(FUZZ_CC) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

$(B)/fuzz/libkernel.a: $(PORTABLE:%.c=$(B)/fuzz/obj/%.o)
	@rm -f $@
	@ar rcsD $@ $^

$(FUZZERS:%=$(B)/fuzz/%): $(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/fuzz_%.o \
		$$(patsubst $$(PERCENT),$(B)/fuzz/obj/tests/fuzz/$$(PERCENT).o,$$(call fuzz_shared,$$*)) \
		$$(patsubst $$(PERCENT),$(B)/fuzz/obj/tests/unit/$$(PERCENT).o,$$(call fuzz_stand_ins,$$*)) \
		$(B)/fuzz/libkernel.a
	@$(FUZZ_CC) $(FUZZ_CFLAGS) $(FUZZ_COVERAGE) -fsanitize=fuzzer $^ -lcmocka -o $@

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZERS:%=$(B)/fuzz/%)
	@:

# `make fuzz F=name` runs one, until it finds something or for FUZZ_SECONDS; `make fuzz` all of them for
# FUZZ_SECONDS each (60), two at a time.
fuzz:
	@tools/install-packages test
	@$(MAKE) -s $(if $(F),$(B)/fuzz/$(F),fuzz-programs)
	@B=$(B) tests/fuzz/run $(F)

-include $(shell find $(B)/fuzz -name '*.d' 2>/dev/null)
