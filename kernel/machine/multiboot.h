/* The Multiboot 1 information structure (Multiboot Specification 0.6.96, 3.3), as GRUB and QEMU
 * fill it. */
#ifndef LUNBOOT_MULTIBOOT_H
#define LUNBOOT_MULTIBOOT_H

#include "base/types.h"
#include "machine/boot_info.h"

#define MULTIBOOT_BOOT_MAGIC 0x2badb002u /* in EAX */

/* Read the structure at physical address `at` (EBX) into *info, whose map the caller has set; that
 * memory is not needed afterwards. What is absent or broken is left empty. False when `magic` is
 * not a Multiboot loader's. */
bool multiboot_parse(u32 magic, u32 at, struct boot_info *info);

#endif
