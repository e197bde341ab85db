# The test disks' programs: tests/bootdisk/NAME.asm becomes $(B)/bootdisk/NAME.bin, a boot sector with
# what it loads behind it. tests/e2e/bootdisk.py makes disks of them.

BOOTDISKS := $(patsubst tests/bootdisk/%.asm,$(B)/bootdisk/%.bin,$(wildcard tests/bootdisk/*.asm))

.PHONY: bootdisks
bootdisks: $(BOOTDISKS)

$(B)/bootdisk/%.bin: tests/bootdisk/%.asm $(wildcard tests/bootdisk/*.inc) tests/bootdisk/bootdisk.mk
	@mkdir -p $(@D)
	@nasm -f bin -Wall -Werror -I tests/bootdisk/ -o $@ $<
