/* What the way we were started by tells us, in one form for all of them. */
#ifndef LUNBOOT_BOOT_INFO_H
#define LUNBOOT_BOOT_INFO_H

#include "base/types.h"
#include "machine/memmap.h"

enum boot_medium { BOOT_MULTIBOOT, BOOT_ROM, BOOT_DISK, BOOT_PXE };

#define BOOT_NO_BDF       0xffffu
#define BOOT_COMMAND_LINE 1024 /* bytes, with the terminator */
#define BOOT_DHCP_MAX     1500 /* bytes: what our own DHCP client would take, too */

/* A DHCP answer that somebody before us has got for this NIC, as it came, from its op field on. */
struct boot_dhcp {
    u8 packet[BOOT_DHCP_MAX];
    u32 len; /* 0: none */
};

/* The UNDI of the PXE ROM that has started us, for a NIC that we have no driver for. */
struct boot_undi {
    u32 entry;       /* segment << 16 | offset; 0: none */
    u32 segments[2]; /* bytes << 16 | segment, of its data and of its code */
};

struct boot_info {
    enum boot_medium medium;
    u16 bdf; /* the NIC that we were started for, else BOOT_NO_BDF */
    /* May hold secrets: to be wiped once the settings are taken. */
    char command_line[BOOT_COMMAND_LINE];
    bool command_line_cut; /* it was longer: the words at its end are missing, whole ones only */
    struct memmap *map;    /* the caller's, filled */
    /* The DHCP server's ACK, and what a proxyDHCP or boot server has answered beside it. May hold
     * secrets, too. */
    struct boot_dhcp dhcp_ack, dhcp_reply;
    struct boot_undi undi;
};

/* Nothing is known but the medium. info->map is set by the caller, and stays. */
void boot_info_init(struct boot_info *info, enum boot_medium medium);

/* Take the text at physical address `at`, up to its 0 byte, and overwrite it there. */
void boot_info_command_line(struct boot_info *info, u32 at);

#endif
