# Unit tests: every portable file of kernel/, compiled for the host with ASan, UBSan and coverage, into
# one library; every tests/unit/**/test_NAME.c is a program linked with it: $(B)/unit/NAME runs its tests,
# $(B)/unit/NAME WORD those whose names contain the word. A test may bring a function of its own in place
# of a library member that it then does not pull in. The folders are those of kernel/; a stand-in lies in
# that of what it stands for.

PERCENT := %
HOST_CFLAGS := -std=gnu11 -g -O1 -Wall -Wextra -Werror -Wno-format-truncation \
	-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer \
	-iquote kernel -iquote tests/unit
HOST_COVERAGE := --coverage -fprofile-update=atomic

# What runs on the PC only; everything else must compile on the host.
PC_ONLY := kernel/start.c $(filter-out kernel/pc/frame.c kernel/pc/page_table.c kernel/pc/pixels.c,$(wildcard kernel/pc/*.c))
PORTABLE := $(filter-out $(PC_ONLY),$(wildcard kernel/*.c kernel/*/*.c))
HOST_OBJS := $(PORTABLE:%.c=$(B)/host/%.o)
# Stand-ins and peers that tests share: a program is linked with those whose header it includes, and with
# those that they include.
UNIT_SOURCES := $(wildcard tests/unit/test_*.c tests/unit/*/test_*.c)
HELPERS := $(patsubst tests/unit/%.c,%,$(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c tests/unit/*/*.c)))
named_in = $(filter $(HELPERS),$(shell sed -n 's/^\#include "\([a-z0-9_/]*\)\.h"$$/\1/p' $(1)))
with_theirs = $(sort $(1) $(call named_in,$(wildcard $(1:%=tests/unit/%.[ch]))))
source_of = $(filter %/test_$(1).c,$(UNIT_SOURCES))
helpers_of = $(call with_theirs,platform_host test $(call named_in,$(call source_of,$(1))))
UNIT_TESTS := $(patsubst test_%.c,%,$(notdir $(UNIT_SOURCES)))
ifneq ($(words $(UNIT_TESTS)),$(words $(sort $(UNIT_TESTS))))
$(error two unit tests have one name: $(sort $(UNIT_SOURCES)))
endif

# What an object of before has counted is not this one's.
$(B)/host/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	@rm -f $(@:.o=.gcda)
	@$(HOST_CC) $(HOST_CFLAGS) $(HOST_COVERAGE) -MMD -MP -c $< -o $@

$(B)/host/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CFLAGS) -MMD -MP -c $< -o $@

$(B)/host/libkernel.a: $(HOST_OBJS)
	@rm -f $@
	@ar rcsD $@ $^

.SECONDEXPANSION:
$(UNIT_TESTS:%=$(B)/unit/%): $(B)/unit/%: \
		$$(patsubst $$(PERCENT).c,$(B)/host/$$(PERCENT).o,$$(call source_of,$$*)) \
		$$(patsubst $$(PERCENT),$(B)/host/tests/unit/$$(PERCENT).o,$$(call helpers_of,$$*)) \
		$(B)/host/libkernel.a
	@mkdir -p $(@D)
	@$(HOST_CC) $(HOST_CFLAGS) $(HOST_COVERAGE) $^ -lcmocka -o $@

.SECONDARY:
.PHONY: unit unit-programs
unit-programs: $(UNIT_TESTS:%=$(B)/unit/%)

# Run the unit tests alone: all, or U=name, and of it those whose names contain N.
unit: $(if $(U),$(B)/unit/$(U),unit-programs)
	@for t in $(if $(U),$(U),$(UNIT_TESTS)); do $(B)/unit/$$t $(N) || exit 1; done

-include $(shell find $(B)/host -name '*.d' 2>/dev/null)
