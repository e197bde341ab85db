# The image for floppies, USB sticks and disks, and the program for PXE.

all: $(B)/lunboot.img $(B)/lunboot.pxe

$(B)/lunboot.img: boot/disk.asm $(MEDIA_INC) $(B)/boot/payload.bin
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@

$(B)/lunboot.pxe: boot/pxe.asm $(MEDIA_INC) $(B)/boot/payload.bin
	@$(NASM) -Werror -f bin -i boot/ -i $(B)/boot/ $< -o $@
