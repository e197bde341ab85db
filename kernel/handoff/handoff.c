/* From a working disk to its boot sector. */
#include "handoff/handoff.h"

#include "attach/attach.h"
#include "base/arith.h"
#include "base/bytes.h"
#include "base/format.h"
#include "base/inet.h"
#include "base/loop.h"
#include "base/platform.h"
#include "base/print.h"
#include "base/str.h"
#include "disk/cache.h"
#include "disk/int13.h"
#include "disk/mbr.h"
#include "disk/patience.h"
#include "iscsi/ibft.h"
#include "iscsi/session.h"
#include "net/address.h"
#include "net/arp.h"
#include "net/dhcp.h"
#include "pc/bios.h"
#include "pc/resident.h"
#include "settings/settings.h"

#define SECTOR         512
#define BOOT_SIGNATURE 510
#define BIOS_START     0xf0000
#define BIOS_END       0x100000
#define PNP_HEADER     33 /* bytes of the $PnP installation check structure */

/* Why the disk lets us wait: the nearest reason counts. */
static enum error trouble(void)
{
    u8 mac[6];
    enum error e = iscsi_error();
    if (!attach_netdev()->link_up)
        return ERR_NIC_NO_LINK;
    if (arp_conflict(mac))
        return ERR_ADDRESS_IN_USE;
    /* Our address stays as it is without a lease, but the network may have given it up. */
    if (error_is_network(e) && dhcp_state() == DHCP_FAILED)
        return ERR_DHCP_LEASE;
    return e;
}

static void describe_wait(char *text)
{
    static const char server[] = "the server";
    char addr[IP4_TEXT];
    const struct iscsi_used *used = iscsi_used();
    enum error e = trouble();
    const char *what = error_text(e);
    ip4_text(addr, used->addr);
    if (!e)
        format_text(text, PATIENCE_TEXT, "lunboot: waiting for %s:%u", addr, used->port);
    else if (str_starts(what, server)) /* here it has a name */
        format_text(text, PATIENCE_TEXT, "lunboot: E%u %s:%u%s", e, addr, used->port,
                    what + sizeof(server) - 1);
    else
        format_text(text, PATIENCE_TEXT, "lunboot: E%u %s:%u, %s", e, addr, used->port, what);
}

/* The entry from real mode, once the disk is there. */
static u32 service(struct rm_regs *r, u32 which)
{
    struct int13_chain chain;
    enum int13_action action;
    switch (which) {
    case SERVICE_INT13:
        patience_begin(iscsi_disk(), describe_wait);
        action = int13(r, &chain);
        patience_end();
        if (action == INT13_DONE)
            return ACTION_RETURN;
        return ACTION_CHAIN | (chain.set_dl ? ACTION_SET_DL : 0) | (u32)chain.dl << 8;
    case SERVICE_INT15:
        return int15(r) ? ACTION_RETURN : ACTION_CHAIN;
    default:
        loop_poll(NULL);
        return ACTION_RETURN;
    }
}

/* The PnP BIOS's installation check structure (Plug and Play BIOS 1.0A, 4.4), for ES:DI; 0: none.
 */
static u32 find_pnp(void)
{
    for (u32 at = BIOS_START; at < BIOS_END; at += 16) {
        const u8 *p = phys_ptr(at, PNP_HEADER);
        if (!p || memcmp(p, "$PnP", 4) || p[5] != PNP_HEADER)
            continue;
        if (!byte_sum_complement(p, PNP_HEADER))
            return at;
    }
    return 0;
}

static bool publish_ibft(void)
{
    const struct iscsi_used *used = iscsi_used();
    const struct ipv4_config *ip = ipv4_config();
    const struct netdev *dev = attach_netdev();
    const struct dhcp_lease *lease = dhcp_state() == DHCP_BOUND ? dhcp_lease() : NULL;
    const struct iscsi_config *config = attach_config();
    struct ibft_info info = {
        .initiator_name = config->initiator,
        .addr = ip->addr,
        .netmask = ip->netmask,
        /* With a gateway in the table Windows routes even a target on its own network through it.
         */
        .gateway = ipv4_on_link(used->addr) ? 0 : ip->gateway,
        .dhcp_server = lease ? lease->server : 0,
        .dhcp = lease != NULL,
        .bdf = dev->bdf,
        .hostname = setting_text(SET_HOSTNAME),
        .target_addr = used->addr,
        .target_port = used->port,
        .target_name = used->path->target,
        .chap_user = used->chap ? config->user : "",
        .chap_secret = used->chap ? config->secret : "",
        .reverse_user = used->mutual_chap ? config->reverse_user : "",
        .reverse_secret = used->mutual_chap ? config->reverse_secret : "",
    };
    info.dns[0] = setting_ip4(SET_DNS);
    if (!info.dns[0] && lease) {
        info.dns[0] = lease->dns[0];
        info.dns[1] = lease->dns[1];
    }
    memcpy(info.mac, dev->mac, sizeof(info.mac));
    memcpy(info.lun, used->path->lun, sizeof(info.lun));
    return ibft_build(resident_ibft(), RESIDENT_SIZE - RESIDENT_IBFT - RESIDENT_STACK_MIN, &info) !=
           0;
}

/* Put the disk behind INT 13h; returns its drive number. From here on there is no way back. */
static u8 hook(const struct machine *machine, const u8 *boot_sector, const char *what)
{
    const struct block_dev *disk = iscsi_disk();
    struct int13_disk d = {
        .drive = (u8)setting_number(SET_DRIVE),
        .geometry = geometry_guess(boot_sector, disk->blocks),
        .blocks = disk->blocks,
        .nic_bdf = attach_netdev()->bdf,
    };
    memcpy(d.lun, iscsi_used()->path->lun, sizeof(d.lun));
    u8 drive = int13_init(&d);
    int15_init(&machine->int15);
    resident_hook(service, d.nic_bdf);
    print("%s  drive %xh, geometry %u/%u/%u, %u KiB hidden at %08x\n", what, drive,
          d.geometry.cylinders, d.geometry.heads, d.geometry.sectors, machine->hidden_size / 1024,
          machine->hidden_base);
    attach_wipe();
    settings_wipe();
    return drive;
}

enum error handoff(const struct machine *machine)
{
    static u8 boot_sector[SECTOR];
    patience_begin(iscsi_disk(), describe_wait);
    enum error e = cache_read(0, 1, boot_sector);
    patience_end();
    if (e)
        return e;
    bool skip = setting_flag(SET_SKIP_SAN_BOOT);
    bool bootable = get_le16(boot_sector + BOOT_SIGNATURE) == 0xaa55;
    if (!bootable && !skip && !setting_flag(SET_KEEP_SAN))
        return ERR_NO_BOOT_SECTOR;
    if (!publish_ibft())
        return ERR_NO_BASE_MEMORY;
    if (skip || !bootable) {
        hook(machine, boot_sector, "Keeping");
        print("         %s: on to the next boot device\n\n",
              skip ? "skip-san-boot is set" : error_text(ERR_NO_BOOT_SECTOR));
        bios_next_device();
    }
    u8 drive = hook(machine, boot_sector, "Booting");
    print("\n");
    memcpy(phys_ptr(BOOT_ADDRESS, SECTOR), boot_sector, SECTOR);
    u32 pnp = find_pnp();
    struct rm_regs r = {.edx = drive, .es = pnp ? BIOS_START >> 4 : 0, .edi = pnp & 0xffff};
    resident_launch(&r);
}
