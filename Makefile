# lunboot. `make` builds, `make run` shows it, `make test` proves it; see README.md.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
B := build
# In `make bench B=name` it is a row of the bench's table.
ifeq ($(MAKECMDGOALS),bench)
ifeq ($(origin B),command line)
BENCH_ROW := $(B)
endif
override B := build
endif

# For the same bytes from the same commit.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1767225600)

.DEFAULT_GOAL := all
.PHONY: all clean lint objects debug sizes

all: $(B)/lunboot.elf $(B)/lunboot.iso sizes

# ---- the kernel -----------------------------------------------------------------------------------

CC := gcc
HOST_CC ?= gcc
NASM := nasm
# 486: the Pentium, which it needs for its clock, and the K6 have no CMOV; so a 486 can be told that by C code.
CFLAGS := -m32 -march=i486 -mtune=i386 -std=gnu11 -ffreestanding -fno-pic -mregparm=3 \
	-mgeneral-regs-only -mpreferred-stack-boundary=2 -Os -g -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -ffunction-sections -fdata-sections \
	-fvisibility=hidden -fno-common -Wall -Wextra -Werror -Wno-format-truncation -iquote kernel \
	-ffile-prefix-map=$(CURDIR)=.
# What makes the packed kernel smallest, measured: code in one order, and the whole program seen at once. Where jumps
# are not threaded much looks uninitialized that is not; the unit tests are compiled with that warning.
CFLAGS += -Wno-maybe-uninitialized -fomit-frame-pointer -fno-schedule-insns2 -fno-if-conversion \
	-fno-tree-dominator-opts -fno-jump-tables -fno-tree-tail-merge -fno-thread-jumps \
	-fno-caller-saves -fno-shrink-wrap -fno-early-inlining -fno-code-hoisting \
	-fno-optimize-sibling-calls -fno-tree-reassoc -fno-tree-loop-im -fno-ssa-phiopt
LTO := -flto=1 -flto-partition=one
LDFLAGS := -nostdlib -no-pie -Wl,-pie,--no-dynamic-linker,-z,notext,-z,norelro,-z,noexecstack \
	-Wl,--no-warn-rwx-segments,--hash-style=sysv,--build-id=none,--gc-sections,-T,boot/kernel.lds

KERNEL_SRC := $(shell sed '/^\#/d' boot/link-order)
ifneq ($(sort $(KERNEL_SRC)),$(sort $(wildcard kernel/*.c kernel/*/*.c)))
$(error boot/link-order does not name the files that are there: $(filter-out \
	$(KERNEL_SRC),$(wildcard kernel/*.c kernel/*/*.c)) $(filter-out \
	$(wildcard kernel/*.c kernel/*/*.c),$(KERNEL_SRC)))
endif
KERNEL_OBJ := $(KERNEL_SRC:%.c=$(B)/%.o) $(B)/boot/entry.o

$(B)/kernel/%.o: kernel/%.c Makefile
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LTO) -MMD -MP -c $< -o $@

# Calls of these appear when the program has been put together.
$(B)/kernel/pc/memory.o: LTO :=

$(B)/boot/offsets.inc: boot/offsets.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $(B)/boot/offsets.d -S $< -o $(B)/boot/offsets.s
	@sed -n 's/^-> \([A-Za-z0-9_]*\) \(.*\)$$/%define \1 \2/p' $(B)/boot/offsets.s >$@

$(B)/boot/resident.bin: boot/resident.asm boot/resident-v86.inc $(B)/boot/offsets.inc
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@

$(B)/boot/entry.o: boot/entry.asm $(B)/boot/resident.bin
	@$(NASM) -Werror -f elf32 -g -F dwarf -i $(B)/boot/ $< -o $@

$(B)/lunboot.elf: $(B)/lunboot.debug
	@objcopy --strip-all $< $@

$(B)/lunboot.iso: $(B)/lunboot.elf $(B)/boot/esp.img iso/grub.cfg.in tools/mkiso
	@tools/mkiso -k $< -o $@

# What each commit costs: media, the resident part, and what the kernel hides by the machine's memory; and
# whether that is within the budgets.
sizes: $(B)/lunboot.elf $(B)/lunboot.iso
	@tools/sizes $(B) boot/budgets $(DRIVERS)

# ---- checks ---------------------------------------------------------------------------------------

lint:
	@tools/install-packages test
	@$(MAKE) -s objects
	@B=$(B) tests/lint/run

objects: $(KERNEL_OBJ)
	@:

# QEMU with gdb, stopped at the kernel's first instruction after it has moved; ARGS= are QEMU's.
debug: $(B)/lunboot.elf $(B)/lunboot.debug
	@tools/debug $(B) $(ARGS)

-include $(shell find $(B)/kernel $(B)/boot -name '*.d' 2>/dev/null)

clean:
	@rm -rf $(B)

include boot/images.mk
include boot/media.mk
include boot/media-disk.mk
include tests/unit/unit.mk
include tests/fuzz/fuzz.mk
include tests/bootdisk/bootdisk.mk
include tests/wire/wire.mk
include tests/tests.mk
include tests/bench/bench.mk
include tools/run.mk
