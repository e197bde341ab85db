# The media with a prefix of ours before the packed kernel.

MEDIA_INC := boot/loader.inc boot/unpack.inc $(B)/boot/offsets.inc

# The kernel as it lies in memory, without its variables.
$(B)/boot/image.bin: $(B)/lunboot.debug
	@objcopy -O binary $< $@

$(B)/boot/payload.bin: $(B)/boot/image.bin tools/pack
	@tools/pack $< $@

# ---- option ROMs ----------------------------------------------------------------------------------

# The PCI devices that the driver knows, by its own table.
ROM_IDS := $(shell grep -o '{0x[0-9a-f]*, M8254' kernel/drv/e1000.c | cut -c4-7)
ROMS := $(ROM_IDS:%=$(B)/lunboot-8086%.rom)
# What QEMU, VMware and VirtualBox have: by `make`, the others by `make roms`.
COMMON_ROMS := $(filter %100e.rom %100f.rom %1004.rom %1008.rom %100c.rom,$(ROMS))

.PHONY: roms
roms: $(ROMS)
all: $(COMMON_ROMS)

$(B)/boot/version.inc: kernel/version.h
	@sed -n 's/^#define VERSION/%define VERSION/p' $< >$@

$(B)/boot/rom.bin: boot/rom.asm $(B)/boot/payload.bin $(B)/boot/version.inc $(MEDIA_INC)
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@

$(B)/lunboot-8086%.rom: $(B)/boot/rom.bin tools/rom
	@tools/rom $< 8086:$* $@
