# The image for floppies, USB sticks and disks, the program for PXE, and what UEFI finds on the media.

all: $(B)/lunboot.img $(B)/lunboot.pxe

$(B)/boot/efi64.efi $(B)/boot/efi32.efi: $(B)/boot/efi%.efi: boot/efi.asm boot/efi.inc
	@mkdir -p $(@D)
	@$(NASM) -Werror -f bin -i boot/ -d WIDTH=$* $< -o $@

$(B)/boot/esp.img: boot/esp.asm boot/efi.inc $(B)/boot/efi64.efi $(B)/boot/efi32.efi
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@

$(B)/lunboot.img: boot/disk.asm boot/efi.inc $(MEDIA_INC) $(B)/boot/payload.bin $(B)/boot/efi64.efi $(B)/boot/efi32.efi
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@

$(B)/lunboot.pxe: boot/pxe.asm $(B)/boot/nics.inc $(MEDIA_INC) $(B)/boot/payload.bin
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@
