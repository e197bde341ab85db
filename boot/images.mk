# The kernel, linked once for each set of drivers: with all of them for the media that are to fit any machine, in $(B)
# itself; and for each driver with that one alone, for the option ROMs of its NICs, in $(B)/DRIVER. What differs
# is drv/nics.c, compiled for the set, and the driver's own files, NAME.c and NAME_*.c.

# DRIVER:VENDOR:DEVICE of each line of nics.def.
NICS := $(shell $(CC) -E -P -x c '-DNIC(vendor,device,driver,...)=driver:vendor:device' kernel/drv/nics.def)
DRIVERS := $(sort $(foreach nic,$(NICS),$(firstword $(subst :, ,$(nic)))))
IMAGES := $(B) $(DRIVERS:%=$(B)/%)

# The driver of last resort is in no ROM.
LAST := undi

NICS_OBJ := kernel/drv/nics.o
$(DRIVERS:%=$(B)/%/$(NICS_OBJ)): $(B)/%/$(NICS_OBJ): kernel/drv/nics.c Makefile boot/images.mk
	@mkdir -p $(@D)
	@$(CC) $(CFLAGS) $(LTO) $(addprefix -DWITHOUT_,$(filter-out $*,$(DRIVERS) $(LAST))) -MMD -MP -c $< -o $@

driver_objects = $(foreach driver,$(1),$(filter $(B)/kernel/drv/$(driver).o $(B)/kernel/drv/$(driver)_%.o,$(KERNEL_OBJ)))
objects_of = $(patsubst $(B)/$(NICS_OBJ),$(B)/$(1)/$(NICS_OBJ), \
	$(filter-out $(call driver_objects,$(filter-out $(1),$(DRIVERS) $(LAST))),$(KERNEL_OBJ)))

# Every relocation must be of the one kind that start.c applies.
$(IMAGES:%=%/lunboot.debug): boot/kernel.lds
	@$(CC) $(CFLAGS) $(LTO) $(LDFLAGS) $(filter %.o,$^) -o $@
	@! readelf -rW $@ | grep '^[0-9a-f]' | grep -v R_386_RELATIVE

$(B)/boot/undi.o: boot/undi.asm
	@mkdir -p $(@D)
	@$(NASM) -Werror -f elf32 $< -o $@

$(B)/lunboot.debug: $(KERNEL_OBJ) $(B)/boot/undi.o
$(foreach driver,$(DRIVERS),$(eval $(B)/$(driver)/lunboot.debug: $(call objects_of,$(driver))))

# For boot/pxe.asm: the ids of all of them.
$(B)/boot/nics.inc: kernel/drv/nics.def boot/images.mk
	@mkdir -p $(@D)
	@printf 'dw %s, %s\n' $(foreach nic,$(NICS),$(wordlist 2,3,$(subst :, ,$(nic)))) >$@

# As it lies in memory, without its variables.
$(IMAGES:%=%/boot/image.bin): %/boot/image.bin: %/lunboot.debug
	@mkdir -p $(@D)
	@objcopy -O binary $< $@

$(IMAGES:%=%/boot/payload.bin): %/boot/payload.bin: %/boot/image.bin $(B)/tools/pack
	@$(B)/tools/pack $< $$(nm $*/lunboot.debug | awk '{ at[$$3] = $$1 } END { \
		print at["image_start"], at["text_end"], at["relocations"], at["relocations_end"] }') $@

# It counts on integers that wrap, as the unpacker's do.
$(B)/tools/pack: tools/pack.c $(wildcard boot/*.def)
	@mkdir -p $(@D)
	@$(HOST_CC) -std=gnu11 -O2 -fwrapv -Wall -Wextra -Werror $< -o $@

-include $(shell find $(DRIVERS:%=$(B)/%) -name '*.d' 2>/dev/null)
