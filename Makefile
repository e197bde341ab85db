# lunboot. `make` builds, `make run` shows it, `make test` proves it; see README.md.
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
B := build

# For the same bytes from the same commit.
export SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1767225600)

.DEFAULT_GOAL := all
.PHONY: all clean lint debug sizes

all: $(B)/lunboot.elf $(B)/lunboot.iso sizes

# ---- the kernel -----------------------------------------------------------------------------------

CC := gcc
LD := ld
NASM := nasm
CFLAGS := -m32 -march=i586 -mtune=generic -std=gnu11 -ffreestanding -fno-pic -mregparm=3 \
	-mgeneral-regs-only -mpreferred-stack-boundary=2 -Os -g -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-strict-aliasing -ffunction-sections -fdata-sections \
	-fvisibility=hidden -fno-common -Wall -Wextra -Werror -Wno-format-truncation -iquote kernel \
	-ffile-prefix-map=$(CURDIR)=.
LDFLAGS := -m elf_i386 -pie --no-dynamic-linker -z notext -z norelro -z noexecstack --no-warn-rwx-segments \
	--hash-style=sysv --build-id=none --gc-sections -T boot/kernel.lds

KERNEL_SRC := $(wildcard kernel/*.c kernel/*/*.c)
KERNEL_OBJ := $(KERNEL_SRC:%.c=$(B)/%.o) $(B)/boot/entry.o

$(B)/kernel/%.o: kernel/%.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(B)/boot/offsets.inc: boot/offsets.c
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) -MMD -MP -MT $@ -MF $(B)/boot/offsets.d -S $< -o $(B)/boot/offsets.s
	@sed -n 's/^-> \([A-Za-z0-9_]*\) \(.*\)$$/%define \1 \2/p' $(B)/boot/offsets.s >$@

$(B)/boot/resident.bin: boot/resident.asm $(B)/boot/offsets.inc
	@$(NASM) -Werror -f bin -i $(B)/boot/ $< -o $@

$(B)/boot/entry.o: boot/entry.asm $(B)/boot/resident.bin
	@$(NASM) -Werror -f elf32 -g -F dwarf -i $(B)/boot/ $< -o $@

# Every relocation must be of the one kind that start_pc.c applies.
$(B)/lunboot.debug: $(KERNEL_OBJ) boot/kernel.lds
	@$(LD) $(LDFLAGS) $(KERNEL_OBJ) -o $@
	@! readelf -rW $@ | grep '^[0-9a-f]' | grep -v R_386_RELATIVE

$(B)/lunboot.elf: $(B)/lunboot.debug
	@objcopy --strip-all $< $@

$(B)/lunboot.iso: $(B)/lunboot.elf iso/grub.cfg.in tools/mkiso
	@tools/mkiso -k $< -o $@

# What each commit costs: media, the resident part, and what the kernel hides by the machine's memory.
sizes: $(B)/lunboot.elf $(B)/lunboot.iso
	@tools/sizes $(B)

# ---- checks ---------------------------------------------------------------------------------------

lint:
	@tools/install-packages test
	@tests/lint/run

# QEMU with gdb, stopped at the kernel's first instruction after it has moved; ARGS= are QEMU's.
debug: $(B)/lunboot.elf $(B)/lunboot.debug
	@tools/debug $(B) $(ARGS)

-include $(shell find $(B)/kernel $(B)/boot -name '*.d' 2>/dev/null)

clean:
	@rm -rf $(B)

include boot/media.mk
include boot/media-disk.mk
include tests/unit/unit.mk
include tests/bootdisk/bootdisk.mk
include tests/tests.mk
include tools/run.mk
