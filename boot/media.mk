# The media with a prefix of ours before the packed kernel.

MEDIA_INC := boot/prefix.inc boot/loader.inc boot/payload.inc boot/unpack.inc \
	$(wildcard boot/*.def) $(B)/boot/offsets.inc

# ---- option ROMs ----------------------------------------------------------------------------------

# One for each line of nics.def, with its driver alone: lunboot-VVVVDDDD.rom.
rom_ids = $(subst :0x,,$(patsubst $(1):0x%,%,$(filter $(1):%,$(NICS))))
roms_of = $(patsubst %,$(B)/lunboot-%.rom,$(call rom_ids,$(1)))
ROMS := $(foreach driver,$(DRIVERS),$(call roms_of,$(driver)))

.PHONY: roms
roms: $(ROMS)
all: roms
sizes: roms $(B)/lunboot.img $(B)/lunboot.pxe

$(B)/boot/version.inc: kernel/base/version.h
	@mkdir -p $(@D)
	@sed -n 's/^#define VERSION/%define VERSION/p' $< >$@

# What its driver does before the kernel runs is in boot/rom-DRIVER.inc, when there is something.
$(DRIVERS:%=$(B)/%/boot/rom.bin): $(B)/%/boot/rom.bin: boot/rom.asm $(wildcard boot/rom-*.inc) \
		$(B)/%/boot/payload.bin $(B)/boot/version.inc $(MEDIA_INC)
	@$(NASM) -Werror -f bin $(patsubst boot/%,-d 'DRIVER_INC="%"',$(wildcard boot/rom-$*.inc)) \
		-i $(B)/$*/boot/ -i $(B)/boot/ -i boot/ $< -o $@

define rom
$(call roms_of,$(1)) &: $(B)/$(1)/boot/rom.bin tools/rom
	@tools/rom $$< $(B) $(call rom_ids,$(1))
endef
$(foreach driver,$(DRIVERS),$(eval $(call rom,$(driver))))
