/* Checks, each of which may put a parsed form next to the text. */
#include "settings/forms.h"

#include "base/format.h"
#include "base/inet.h"
#include "base/str.h"

#define SECONDS_MAX 86400
#define VLAN_MOST   4094
#define IQN_MAX     223 /* RFC 7143, 4.2.7.1 */
#define DNS_MAX     253 /* RFC 1035, 2.3.4, as text */
#define LABEL_MAX   63
#define WORD        8 /* bytes for one of those to choose from, and its terminator */
#define CHAP_A_MD5  5 /* RFC 7143, 12.1.3; SHA-1, SHA-256 and SHA3-256 follow */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Where c is, or the end. */
static size_t find(const char *s, char c)
{
    size_t at = 0;
    while (s[at] && s[at] != c)
        at++;
    return at;
}

/* An address that one machine can have: not "this network", loopback, multicast or reserved. */
static bool check_host(const char *s, size_t len, u32 *addr)
{
    return ip4_parse(s, len, addr) && ip4_is_host(*addr);
}

static bool check_address(struct setting_value *v, size_t len)
{
    size_t addr_len = find(v->text, '/');
    if (!check_host(v->text, addr_len, &v->number))
        return false;
    if (addr_len == len)
        return true;
    u32 bits;
    if (!parse_number(v->text + addr_len + 1, len - addr_len - 1, 10, 32, &bits) || !bits)
        return false;
    v->prefix = ip4_netmask(bits);
    ip4 host = v->number & ~v->prefix;
    /* Only links of two machines (RFC 3021) and single hosts have no network and broadcast address.
     */
    return bits >= 31 || (host && host != ~v->prefix);
}

static bool check_name(char *s, size_t len)
{
    size_t label = 0;
    /* The root's dot, as some DHCP servers write it, says nothing new. */
    if (s[len - 1] == '.')
        s[--len] = 0;
    for (size_t i = 0; i < len; i++) {
        if (s[i] == '.' && label)
            label = 0;
        else if ((!is_alnum(s[i]) && s[i] != '-' && s[i] != '_') || ++label > LABEL_MAX)
            return false;
    }
    return len <= DNS_MAX && label;
}

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Is it this word, but for dashes and capitals? */
static bool is_word(const char *s, const char *word)
{
    for (; *s; s++)
        if (*s != '-' && small(*s) != *word++)
            return false;
    return !*word;
}

/* Which of the words, of which there are `count`. */
static bool find_word(const char *s, const char (*words)[WORD], u32 count, u32 *which)
{
    for (*which = 0; *which < count; ++*which)
        if (is_word(s, words[*which]))
            return true;
    return false;
}

static bool check_flag(const char *s, u32 *flag)
{
    static const char words[][WORD] = {"0", "1", "no", "yes", "false", "true"};
    bool good = find_word(s, words, ARRAY_SIZE(words), flag);
    *flag &= 1;
    return good;
}

static bool check_keep(const char *s, u32 *keep)
{
    bool last = is_word(s, "last");
    if (last)
        *keep = FORM_KEEP_LAST;
    return last || check_flag(s, keep);
}

static bool check_chap(const char *s, u32 *algorithm)
{
    static const char words[][WORD] = {"md5", "sha1", "sha256", "sha3256"};
    bool good = find_word(s, words, ARRAY_SIZE(words), algorithm);
    *algorithm += CHAP_A_MD5;
    return good;
}

static bool check_digest(const char *s, u32 *wish)
{
    static const char words[][WORD] = {"auto", "none", "crc32c", "require"};
    return find_word(s, words, ARRAY_SIZE(words), wish);
}

static bool check_sector(const char *s, u32 *size)
{
    static const char words[][WORD] = {"512", "native", "4096", "4k"};
    bool good = find_word(s, words, ARRAY_SIZE(words), size);
    *size = *size ? 4096 : 512;
    return good;
}

static bool check_boot(const char *s, u32 *what)
{
    static const char words[][WORD] = {"auto", "disk", "cd"};
    return find_word(s, words, ARRAY_SIZE(words), what);
}

static bool check_nic(struct setting_value *v, size_t len)
{
    char *s = v->text;
    u32 bus, device, function;
    v->number = FORM_NO_BDF;
    if (v->source == FROM_COMMAND_LINE && str_equal(s, "undi")) {
        /* drv/undi_block.c has looked for it; what is left is no NIC's name. */
        *s = 0;
        v->source = FROM_DEFAULT;
        return true;
    }
    if (len == 17) {
        u8 mac[6];
        for (u32 i = 0; i < 6; i++) {
            u32 byte;
            if (!parse_number(s + 3 * i, 2, 16, 255, &byte) || (i < 5 && s[3 * i + 2] != ':'))
                return false;
            mac[i] = (u8)byte;
        }
        mac_text(s, mac);
        return true;
    }
    if (str_starts(s, "0000:"))
        s += 5;
    if (s + 7 != v->text + len || s[2] != ':' || s[5] != '.' ||
        !parse_number(s, 2, 16, 255, &bus) || !parse_number(s + 3, 2, 16, 31, &device) ||
        !parse_number(s + 6, 1, 10, 7, &function))
        return false;
    v->number = bus << 8 | device << 3 | function;
    format_text(v->text, SETTING_TEXT, "%02x:%02x.%u", bus, device, function);
    return true;
}

/* IEEE 802.1Q, 9.6: 0 is no VLAN, 4095 is reserved. */
static bool check_vlan(const char *s, size_t len, u32 *tag)
{
    u32 priority = 0;
    size_t id_len = find(s, '/');
    if (id_len < len && !parse_number(s + id_len + 1, len - id_len - 1, 10, 7, &priority))
        return false;
    if (!parse_number(s, id_len, 10, VLAN_MOST, tag) || !*tag)
        return false;
    *tag |= priority << 13;
    return true;
}

bool form_check(enum form form, struct setting_value *v)
{
    const char *s = v->text;
    size_t len = strlen(s);
    u32 *n = &v->number;
    /* DHCP servers' files end lines in many ways. */
    while (form != FORM_SECRET && len && (u8)s[len - 1] <= ' ')
        v->text[--len] = 0;
    if (!len)
        return false;
    switch (form) {
    case FORM_ADDRESS:
        return check_address(v, len);
    case FORM_NETMASK:
        return ip4_parse(s, len, n) && ip4_is_netmask(*n);
    case FORM_HOST:
        return check_host(s, len, n);
    case FORM_NAME:
        return check_name(v->text, len);
    case FORM_TEXT:
        /* UTF-8 passes; what could steer a terminal does not. */
        for (; *s; s++)
            if ((u8)*s < ' ' || *s == 0x7f)
                return false;
        return true;
    case FORM_SECRET:
        return true;
    case FORM_IQN:
        return len <= IQN_MAX && str_is_word(s);
    case FORM_CHAP:
        return check_chap(s, n);
    case FORM_DIGEST:
        return check_digest(s, n);
    case FORM_FLAG:
        return check_flag(s, n);
    case FORM_KEEP:
        return check_keep(s, n);
    case FORM_DRIVE: {
        size_t skip = str_starts(s, "0x") ? 2 : 0;
        return parse_number(s + skip, len - skip, 16, 0x8f, n) && *n >= 0x80;
    }
    case FORM_SECTOR:
        return check_sector(s, n);
    case FORM_BOOT:
        return check_boot(s, n);
    case FORM_NIC:
        return check_nic(v, len);
    case FORM_MTU:
        return parse_number(s, len, 10, MTU_MOST, n) && *n >= MTU_LEAST;
    case FORM_VLAN:
        return check_vlan(s, len, n);
    case FORM_SECONDS:
        return parse_number(s, len, 10, SECONDS_MAX, n) && *n;
    case FORM_RETRY:
        *n = FORM_FOREVER;
        return str_equal(s, "forever") || parse_number(s, len, 10, SECONDS_MAX, n);
    }
    return false;
}
