/* The iBFT. */
#include "iscsi/ibft.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/inet.h"
#include "base/str.h"

/* The ACPI header. */
#define SIGNATURE             0
#define LENGTH                4
#define REVISION              8
#define CHECKSUM              9
#define OEM_ID                10
#define OEM_TABLE_ID          16
#define HEADER_SIZE           48

/* What each structure begins with. */
#define STRUCTURE_ID          0
#define STRUCTURE_VERSION     1
#define STRUCTURE_LENGTH      2
#define STRUCTURE_INDEX       4
#define STRUCTURE_FLAGS       5
#define FLAG_VALID            0x01
#define FLAG_BOOT_SELECTED    0x02

#define CONTROL_ID            1
#define CONTROL_INITIATOR     8
#define CONTROL_NIC0          10
#define CONTROL_TARGET0       12
#define CONTROL_TARGET1       16
#define CONTROL_SIZE          18

#define INITIATOR_ID          2
#define INITIATOR_NAME        70
#define INITIATOR_SIZE        74

#define NIC_ID                3
#define NIC_IP                6
#define NIC_PREFIX            22
#define NIC_ORIGIN            23
#define NIC_GATEWAY           24
#define NIC_DNS               40
#define NIC_DHCP              72
#define NIC_VLAN              88
#define NIC_MAC               90
#define NIC_BDF               96
#define NIC_HOSTNAME          98
#define NIC_SIZE              102
#define ORIGIN_MANUAL         1
#define ORIGIN_DHCP           3

#define TARGET_ID             4
#define TARGET_IP             6
#define TARGET_PORT           22
#define TARGET_LUN            24
#define TARGET_CHAP_TYPE      32
#define TARGET_NAME           34
#define TARGET_CHAP_NAME      38
#define TARGET_CHAP_SECRET    42
#define TARGET_REVERSE_NAME   46
#define TARGET_REVERSE_SECRET 50
#define TARGET_SIZE           54

#define IP_SIZE               16

/* The structures lie one behind the other, each 8-byte aligned; the strings follow. */
#define ALIGN8(n)             (((n) + 7u) & ~7u)
#define CONTROL               HEADER_SIZE
#define INITIATOR             ALIGN8(CONTROL + CONTROL_SIZE)
#define NIC                   ALIGN8(INITIATOR + INITIATOR_SIZE)
#define TARGET(i)             (ALIGN8(NIC + NIC_SIZE) + (i)*ALIGN8(TARGET_SIZE))

/* The table under construction. */
struct builder {
    u8 *table;
    u32 size; /* room */
    u32 heap; /* where it begins */
    u32 end;  /* of what is used */
    bool overflow;
};

static u8 *structure(struct builder *b, u32 offset, u32 id, u32 length, u32 flags)
{
    u8 *p = b->table + offset;
    p[STRUCTURE_ID] = (u8)id;
    p[STRUCTURE_VERSION] = 1;
    put_le16(p + STRUCTURE_LENGTH, (u16)length);
    p[STRUCTURE_FLAGS] = (u8)flags;
    return p;
}

/* An address as IPv6 has it: ::ffff:a.b.c.d, or all zero for none. */
static void put_ip(u8 *p, ip4 addr)
{
    if (!addr)
        return;
    put_be16(p + 10, 0xffff);
    put_be32(p + 12, addr);
}

/* Where the string lies in the heap; it is added when it is not there yet. */
static u32 heap_string(struct builder *b, const char *s, u32 len)
{
    u32 at = b->heap;
    while (at < b->end) {
        const char *stored = (const char *)b->table + at;
        if (str_equal(stored, s))
            return at;
        at += strlen(stored) + 1;
    }
    if (len >= b->size - b->end) {
        b->overflow = true;
        return 0;
    }
    memcpy(b->table + at, s, len + 1);
    b->end += len + 1;
    return at;
}

/* Fill a field that names a string: its length without the 0, and its offset in the table. */
static void put_string(struct builder *b, u8 *field, const char *s)
{
    if (!s || !*s)
        return;
    u32 len = strlen(s);
    put_le16(field + 2, (u16)heap_string(b, s, len));
    put_le16(field, (u16)len);
}

static void put_initiator(struct builder *b, const struct ibft_info *info)
{
    u8 *p = structure(b, INITIATOR, INITIATOR_ID, INITIATOR_SIZE, FLAG_VALID | FLAG_BOOT_SELECTED);
    put_string(b, p + INITIATOR_NAME, info->initiator_name);
}

static void put_nic(struct builder *b, const struct ibft_info *info)
{
    u8 *p = structure(b, NIC, NIC_ID, NIC_SIZE, FLAG_VALID | FLAG_BOOT_SELECTED);
    put_ip(p + NIC_IP, info->addr);
    p[NIC_PREFIX] = (u8)ip4_prefix(info->netmask);
    p[NIC_ORIGIN] = info->dhcp ? ORIGIN_DHCP : ORIGIN_MANUAL;
    put_ip(p + NIC_GATEWAY, info->gateway);
    put_ip(p + NIC_DNS, info->dns[0]);
    put_ip(p + NIC_DNS + IP_SIZE, info->dns[1]);
    put_ip(p + NIC_DHCP, info->dhcp_server);
    put_le16(p + NIC_VLAN, info->vlan);
    memcpy(p + NIC_MAC, info->mac, sizeof(info->mac));
    put_le16(p + NIC_BDF, info->bdf);
    put_string(b, p + NIC_HOSTNAME, info->hostname);
}

/* All are reached through NIC 0. */
static void put_target(struct builder *b, u32 i, const struct ibft_info *info)
{
    const struct ibft_target *t = &info->targets[i];
    u8 *p = structure(b, TARGET(i), TARGET_ID, TARGET_SIZE, FLAG_VALID | FLAG_BOOT_SELECTED);
    p[STRUCTURE_INDEX] = (u8)i;
    put_ip(p + TARGET_IP, t->addr);
    put_le16(p + TARGET_PORT, t->port);
    memcpy(p + TARGET_LUN, t->lun, sizeof(t->lun));
    put_string(b, p + TARGET_NAME, t->name);
    p[TARGET_CHAP_TYPE] = (u8)t->chap;
    if (t->chap == IBFT_CHAP_NONE)
        return;
    put_string(b, p + TARGET_CHAP_NAME, info->chap_user);
    put_string(b, p + TARGET_CHAP_SECRET, info->chap_secret);
    if (t->chap == IBFT_CHAP_ONE_WAY)
        return;
    put_string(b, p + TARGET_REVERSE_NAME, info->reverse_user);
    put_string(b, p + TARGET_REVERSE_SECRET, info->reverse_secret);
}

static void put_control(struct builder *b, u32 targets)
{
    u8 *p = structure(b, CONTROL, CONTROL_ID, CONTROL_SIZE, 0);
    put_le16(p + CONTROL_INITIATOR, INITIATOR);
    put_le16(p + CONTROL_NIC0, NIC);
    put_le16(p + CONTROL_TARGET0, TARGET(0));
    if (targets > 1)
        put_le16(p + CONTROL_TARGET1, TARGET(1));
}

static void put_header(struct builder *b)
{
    memcpy(b->table + SIGNATURE, "iBFT", 4);
    put_le32(b->table + LENGTH, b->end);
    b->table[REVISION] = 1;
    memcpy(b->table + OEM_ID, "LUNBT ", 6);
    memcpy(b->table + OEM_TABLE_ID, "LUNBOOT ", 8);
    b->table[CHECKSUM] = byte_sum_complement(b->table, b->end);
}

u32 ibft_build(u8 *table, u32 size, const struct ibft_info *info)
{
    u32 heap = TARGET(info->target_count);
    struct builder b = {table, min_u32(size, 0x10000), heap, heap, false};
    memset(table, 0, size);
    if (size < heap)
        return 0;
    put_control(&b, info->target_count);
    put_initiator(&b, info);
    put_nic(&b, info);
    for (u32 i = 0; i < info->target_count; i++)
        put_target(&b, i, info);
    if (b.overflow) {
        wipe(table, size);
        return 0;
    }
    put_header(&b);
    return b.end;
}
