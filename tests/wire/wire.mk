# The wire between QEMU and a TAP device that harms frames on purpose; see wire.c and tests/e2e/rig/wire.py.

WIRE_SRC := $(wildcard tests/wire/*.c)

.PHONY: wire
wire: $(B)/wire

$(B)/wire: $(WIRE_SRC) $(wildcard tests/wire/*.h) tests/wire/wire.mk
	@mkdir -p $(@D)
	@gcc -std=gnu11 -O2 -Wall -Wextra -Werror -o $@ $(WIRE_SRC) -lm
