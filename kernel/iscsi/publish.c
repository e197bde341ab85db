/* What goes into the iBFT. */
#include "base/loop.h"
#include "base/str.h"
#include "iscsi/ibft.h"
#include "iscsi/lun.h"
#include "iscsi/session.h"
#include "net/address.h"
#include "net/dhcp.h"
#include "net/eth.h"
#include "net/port.h"
#include "san/rounds.h"
#include "san/san.h"
#include "settings/settings.h"

#define LOOK_UP_MS 3000

/* As the selected disk's session was let in: who did not ask for a secret is told none. */
static enum ibft_chap used_chap(void)
{
    const struct iscsi_used *used = iscsi_used();
    if (!used->chap)
        return IBFT_CHAP_NONE;
    return used->mutual_chap ? IBFT_CHAP_MUTUAL : IBFT_CHAP_ONE_WAY;
}

static void publish_target(struct ibft_target *to, ip4 addr, u16 port, const struct iscsi_path *p)
{
    *to = (struct ibft_target){.addr = addr, .port = port, .name = p->target, .chap = used_chap()};
    lun_form(to->lun, p->lun);
}

static bool is_used(const struct iscsi_path *p, ip4 addr)
{
    const struct iscsi_used *used = iscsi_used();
    return addr == used->addr && p->server.port == used->port &&
           str_equal(p->target, used->path->target);
}

/* The operating system has no name server when it looks for its disk. Ours answers at once, or is
 * not worth a wait: it is about another way only. */
static ip4 address_of(const struct san_server *named)
{
    static struct san_server server; /* asked for even when we have given up */
    server = *named;
    msec end = loop_now() + LOOK_UP_MS;
    server_look_up(&server, loop_now());
    while (!server_looked_up(&server, loop_now()) && !time_reached(loop_now(), end) &&
           iscsi_state() == ISCSI_READY) {
        loop_once(NULL);
        iscsi_select(0);
    }
    return server.addr;
}

/* The first of the other root paths that leads elsewhere. */
static bool publish_other(struct ibft_target *to)
{
    const struct iscsi_config *c = iscsi_config();
    for (u32 i = 0; i < c->path_count && c->path_count > 1; i++) {
        const struct iscsi_path *p = &c->paths[i];
        ip4 addr = i == rounds_current() ? 0 : address_of(&p->server);
        if (!addr || is_used(p, addr))
            continue;
        publish_target(to, addr, p->server.port, p);
        return true;
    }
    return false;
}

/* A second disk is what the operating system can't find without being told, and comes before
 * another way to the first; but for one that it finds beside the first. */
static bool publish_second(struct ibft_target *to)
{
    const struct iscsi_used *first = iscsi_used();
    iscsi_select(1);
    const struct iscsi_used *used = iscsi_used();
    bool there = iscsi_state() == ISCSI_READY || iscsi_state() == ISCSI_RECOVERING;
    bool publish = there && !(used->addr == first->addr && used->port == first->port &&
                              str_equal(used->path->target, first->path->target));
    if (publish)
        publish_target(to, used->addr, used->port, used->path);
    iscsi_select(0);
    return publish;
}

/* Who has an address by DHCP can ask for all that goes with it; else nobody else tells the router.
 * With one in the table Windows routes even a target on its own network through it. */
static ip4 gateway_for(ip4 target, bool dhcp)
{
    ip4 next;
    if (!ipv4_on_link(target) && ipv4_next_hop(target, &next))
        return next;
    return dhcp ? 0 : ipv4_config()->gateway;
}

bool san_publish(u8 *table, u32 size)
{
    iscsi_select(0);
    const struct iscsi_config *c = iscsi_config();
    const struct iscsi_used *used = iscsi_used();
    const struct ipv4_config *ip = ipv4_config();
    const struct netdev *dev = net_device();
    const struct dhcp_lease *lease = dhcp_state() == DHCP_BOUND ? dhcp_lease() : NULL;
    struct ibft_info info = {
        .initiator_name = c->initiator,
        .addr = ip->addr,
        .netmask = ip->netmask,
        .gateway = gateway_for(used->addr, lease != NULL),
        .dhcp_server = lease ? lease->server : 0,
        .dhcp = lease != NULL,
        .bdf = dev->bdf,
        .vlan = dev->vlan & ETH_VLAN_ID,
        .hostname = setting_text(SET_HOSTNAME),
        .target_count = 1,
        .chap_user = c->user,
        .chap_secret = c->secret,
        .reverse_user = c->reverse_user,
        .reverse_secret = c->reverse_secret,
    };
    info.dns[0] = setting_ip4(SET_DNS);
    if (!info.dns[0] && lease) {
        info.dns[0] = lease->dns[0];
        info.dns[1] = lease->dns[1];
    }
    memcpy(info.mac, dev->mac, sizeof(info.mac));
    publish_target(&info.targets[0], used->addr, used->port, used->path);
    info.target_count += publish_second(&info.targets[1]) || publish_other(&info.targets[1]);
    if (ibft_build(table, size, &info))
        return true;
    info.target_count = 1;
    return ibft_build(table, size, &info);
}
