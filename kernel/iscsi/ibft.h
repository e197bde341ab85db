/* The iSCSI Boot Firmware Table, revision 1 (iSCSI Boot Firmware Table version 1.03), as Linux's
 * iscsi_ibft, Windows and VMware read it. */
#ifndef LUNBOOT_IBFT_H
#define LUNBOOT_IBFT_H

#include "base/types.h"

#define IBFT_TARGETS 2 /* that there is room for; Linux refuses a table with more */

enum ibft_chap { IBFT_CHAP_NONE, IBFT_CHAP_ONE_WAY, IBFT_CHAP_MUTUAL };

struct ibft_target {
    ip4 addr;
    u16 port;
    u8 lun[8];
    const char *name;
    enum ibft_chap chap; /* what of the names and secrets goes with it */
};

struct ibft_info {
    /* initiator */
    const char *initiator_name;
    /* NIC */
    ip4 addr, netmask, gateway /* 0: none */, dns[2], dhcp_server;
    u8 mac[6];
    u16 bdf;
    u16 vlan;
    bool dhcp; /* addr comes from DHCP */
    const char *hostname;
    /* targets: the disk by its first way, and another way or disk */
    struct ibft_target targets[IBFT_TARGETS];
    u32 target_count; /* 1 or more */
    const char *chap_user, *chap_secret, *reverse_user, *reverse_secret;
};

/* Write the table to `table`, `size` bytes (at most 64 KiB), 16-byte aligned in physical memory.
 * Returns its length; 0, and all of `table` is zero, when it does not fit. Strings that are equal
 * are stored once; one that is NULL or "" is absent. The table holds the secrets: it is all that
 * the operating system will have to log in with. */
u32 ibft_build(u8 *table, u32 size, const struct ibft_info *info);

#endif
