/* What a boot medium's prefix (boot/rom.asm, disk.asm, pxe.asm) tells the kernel that it has
 * unpacked: EAX is PREFIX_MAGIC, EBX the physical address of a struct prefix_info. boot/offsets.c
 * hands the layout to the assembler. */
#ifndef LUNBOOT_PREFIX_H
#define LUNBOOT_PREFIX_H

#include "base/types.h"
#include "machine/boot_info.h"

#define PREFIX_MAGIC 0x4c554e42u

/* Where boot/loader.inc unpacks the kernel, checked by boot/kernel.lds: the image's first byte, and
 * its entry behind the Multiboot header. The unpacker's own variables lie at UNPACK_WORK meanwhile.
 */
#define KERNEL_BASE  0x100000u
#define KERNEL_ENTRY (KERNEL_BASE + 12)
#define UNPACK_WORK  0x200000u
/* Nothing that the prefix still needs may lie from KERNEL_BASE to here. */
#define LOADER_END   0xa80000u

struct prefix_info {
    u32 magic; /* PREFIX_MAGIC */
    u8 medium; /* enum boot_medium: BOOT_ROM, BOOT_DISK or BOOT_PXE */
    u8 reserved;
    u16 bdf;          /* of the NIC that we were started for, or BOOT_NO_BDF */
    u32 command_line; /* physical address of a text that ends with 0; 0: none */
    /* What PXE has cached: physical addresses of DHCP packets, from the op field on, 0: none; and
     * their lengths in bytes. */
    u32 dhcp_ack;
    u32 dhcp_ack_len;
    u32 dhcp_reply; /* the proxyDHCP or boot server's */
    u32 dhcp_reply_len;
    /* The PXE ROM's UNDI, which has stayed for a NIC that we have no driver for. */
    u32 undi_entry;       /* segment << 16 | offset of its entry point; 0: none */
    u32 undi_segments[2]; /* bytes << 16 | segment of its data and of its code */
};

_Static_assert(sizeof(struct prefix_info) == 40, "filled in by assembly");

/* Copy what the prefix tells, physical address `at` (EBX), into *info, whose map the caller has
 * set, and which stays empty. What can't be reached or is too long is left out. False when it is no
 * prefix of ours. */
bool prefix_parse(u32 magic, u32 at, struct boot_info *info);

#endif
