# The media with a prefix of ours before the packed kernel.

MEDIA_INC := boot/loader.inc boot/unpack.inc $(B)/boot/offsets.inc

# The kernel as it lies in memory, without its variables.
$(B)/boot/image.bin: $(B)/lunboot.debug
	@objcopy -O binary $< $@

$(B)/boot/payload.bin: $(B)/boot/image.bin tools/pack
	@tools/pack $< $@
