# The media with a prefix of ours before the packed kernel.

MEDIA_INC := boot/loader.inc boot/unpack.inc boot/model.def boot/opcodes.def $(B)/boot/offsets.inc

# The kernel as it lies in memory, without its variables.
$(B)/boot/image.bin: $(B)/lunboot.debug
	@objcopy -O binary $< $@

# It counts on integers that wrap, as the unpacker's do.
$(B)/tools/pack: tools/pack.c boot/model.def boot/opcodes.def
	@mkdir -p $(@D)
	@$(HOST_CC) -std=gnu11 -O2 -fwrapv -Wall -Wextra -Werror $< -o $@

$(B)/boot/payload.bin: $(B)/boot/image.bin $(B)/tools/pack
	@$(B)/tools/pack $< $$(nm $(B)/lunboot.debug | awk '{ at[$$3] = $$1 } END { \
		print at["image_start"], at["text_end"], at["relocations"], at["relocations_end"] }') $@

# ---- option ROMs ----------------------------------------------------------------------------------

# One for each PCI device that the driver knows, by its own table.
ROM_IDS := $(shell grep -o '{0x[0-9a-f]*, M8254' kernel/drv/e1000.c | cut -c4-7)
ROMS := $(ROM_IDS:%=$(B)/lunboot-8086%.rom)

.PHONY: roms
roms: $(ROMS)
all: roms
sizes: roms $(B)/lunboot.img $(B)/lunboot.pxe

$(B)/boot/version.inc: kernel/base/version.h
	@sed -n 's/^#define VERSION/%define VERSION/p' $< >$@

$(B)/boot/rom.bin: boot/rom.asm $(B)/boot/payload.bin $(B)/boot/version.inc $(MEDIA_INC)
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@

$(ROMS) &: $(B)/boot/rom.bin tools/rom
	@tools/rom $< $(B) $(ROM_IDS)
