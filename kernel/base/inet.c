/* Addresses. */
#include "base/inet.h"

#include "base/format.h"
#include "base/str.h"

bool ip4_parse(const char *s, size_t len, ip4 *addr)
{
    ip4 a = 0;
    for (u32 part = 0; part < 4; part++) {
        size_t digits = 0;
        while (digits < len && s[digits] != '.')
            digits++;
        u32 v;
        if ((digits > 1 && s[0] == '0') || !parse_number(s, digits, 10, 255, &v))
            return false;
        a = a << 8 | v;
        s += digits;
        len -= digits;
        if (part < 3) {
            if (!len)
                return false;
            s++;
            len--;
        }
    }
    *addr = a;
    return len == 0;
}

char *ip4_text(char buf[IP4_TEXT], ip4 addr)
{
    format_text(buf, IP4_TEXT, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
                addr & 255);
    return buf;
}

char *mac_text(char buf[MAC_TEXT], const u8 mac[6])
{
    format_text(buf, MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
                mac[4], mac[5]);
    return buf;
}

bool ip4_is_host(ip4 addr)
{
    u32 first = addr >> 24;
    return first && first != 127 && first < 224;
}

bool ip4_is_netmask(ip4 mask)
{
    return mask && !(~mask & (~mask + 1));
}

ip4 ip4_netmask(u32 prefix)
{
    return prefix ? ~(ip4)0 << (32 - prefix) : 0;
}

u32 ip4_prefix(ip4 mask)
{
    u32 n = 0;
    for (; mask >> 31; mask <<= 1)
        n++;
    return n;
}

ip4 ip4_class_mask(ip4 addr)
{
    if (!(addr >> 31))
        return ip4_netmask(8);
    return addr >> 30 == 2 ? ip4_netmask(16) : ip4_netmask(24);
}

bool mac_is_station(const u8 mac[6])
{
    static const u8 none[6];
    return !(mac[0] & 1) && memcmp(mac, none, sizeof(none));
}
