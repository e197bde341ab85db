/* Settings: one table of names and forms, one of values. */
#include "settings/settings.h"

#include "base/format.h"
#include "base/inet.h"
#include "base/print.h"
#include "base/str.h"

enum form {
    FORM_ADDRESS, /* SET_IP */
    FORM_NETMASK,
    FORM_HOST, /* the address of some machine */
    FORM_NAME, /* DNS name */
    FORM_TEXT,
    FORM_SECRET,
    FORM_IQN,
    FORM_FLAG,
    FORM_DRIVE,
    FORM_NIC,
    FORM_MTU,
    FORM_SECONDS,
};

/* The names lie in the table itself: no pointers, no relocations. */
static const struct setting {
    char name[17];
    u8 form;
} table[SETTING_COUNT] = {
    [SET_IP] = {"ip", FORM_ADDRESS},
    [SET_NETMASK] = {"netmask", FORM_NETMASK},
    [SET_GATEWAY] = {"gateway", FORM_HOST},
    [SET_DNS] = {"dns", FORM_HOST},
    [SET_DOMAIN] = {"domain", FORM_NAME},
    [SET_HOSTNAME] = {"hostname", FORM_NAME},
    [SET_ROOT_PATH] = {"root-path", FORM_TEXT},
    [SET_INITIATOR_IQN] = {"initiator-iqn", FORM_IQN},
    [SET_USERNAME] = {"username", FORM_TEXT},
    [SET_PASSWORD] = {"password", FORM_SECRET},
    [SET_REVERSE_USERNAME] = {"reverse-username", FORM_TEXT},
    [SET_REVERSE_PASSWORD] = {"reverse-password", FORM_SECRET},
    [SET_KEEP_SAN] = {"keep-san", FORM_FLAG},
    [SET_SKIP_SAN_BOOT] = {"skip-san-boot", FORM_FLAG},
    [SET_DRIVE] = {"drive", FORM_DRIVE},
    [SET_NIC] = {"nic", FORM_NIC},
    [SET_MTU] = {"mtu", FORM_MTU},
    [SET_TIMEOUT] = {"timeout", FORM_SECONDS},
};

#define MTU_DEFAULT 1500 /* Ethernet's */
#define SECONDS_MAX 86400
#define IQN_MAX     223 /* RFC 7143, 4.2.7.1 */
#define DNS_MAX     253 /* RFC 1035, 2.3.4, as text */
#define LABEL_MAX   63

struct value {
    char text[SETTING_TEXT]; /* "": not set, as no valid value is empty */
    u32 number;              /* parsed form: address, number, flag, PCI address */
    ip4 prefix;              /* SET_IP: the netmask that was given with it, or 0 */
    u8 source;
};

static struct value values[SETTING_COUNT];

void settings_init(void)
{
    wipe(values, sizeof(values));
    values[SET_DRIVE].number = 0x80;
    values[SET_NIC].number = SETTING_NO_BDF;
    values[SET_MTU].number = MTU_DEFAULT;
    values[SET_TIMEOUT].number = 60;
}

/* The forms. Each check may put a parsed form next to the text. */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static bool is_hex(const char *s, size_t len)
{
    u32 ignored;
    for (size_t i = 0; i < len; i++)
        if (!parse_number(s + i, 1, 16, 15, &ignored))
            return false;
    return true;
}

/* An address that one machine can have: not "this network", loopback, multicast or reserved. */
static bool check_host(const char *s, size_t len, u32 *addr)
{
    return ip4_parse(s, len, addr) && ip4_is_host(*addr);
}

static bool check_address(struct value *v, size_t len)
{
    size_t addr_len = 0;
    while (addr_len < len && v->text[addr_len] != '/')
        addr_len++;
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

/* RFC 7143, 4.2.7; RFC 3980 for naa. Beyond the letter of RFC 3722 capitals and '_' pass, as given:
 * others let them pass, so targets have them in their access lists. */
static bool check_iqn(const char *s, size_t len)
{
    static const char form[] = "iqn.dddd-dd.a";
    if (len > IQN_MAX)
        return false;
    if (str_starts(s, "eui."))
        return len == 4 + 16 && is_hex(s + 4, 16);
    if (str_starts(s, "naa."))
        return (len == 4 + 16 || len == 4 + 32) && is_hex(s + 4, len - 4);
    for (size_t i = 0; form[i]; i++)
        if (form[i] == 'd' ? !is_digit(s[i]) : form[i] == 'a' ? !is_alnum(s[i]) : s[i] != form[i])
            return false;
    u32 month;
    if (!parse_number(s + 9, 2, 10, 12, &month) || !month)
        return false;
    for (size_t i = 12; i < len; i++)
        if (!is_alnum(s[i]) && s[i] != '-' && s[i] != '.' && s[i] != ':' && s[i] != '_')
            return false;
    return true;
}

static bool check_flag(const char *s, u32 *flag)
{
    static const char words[][6] = {"0", "1", "no", "yes", "false", "true"};
    for (u32 i = 0; i < ARRAY_SIZE(words); i++)
        if (str_equal(s, words[i])) {
            *flag = i & 1;
            return true;
        }
    return false;
}

static bool check_nic(struct value *v, size_t len)
{
    char *s = v->text;
    u32 bus, device, function;
    if (len == 17) {
        u8 mac[6];
        for (u32 i = 0; i < 6; i++) {
            u32 byte;
            if (!parse_number(s + 3 * i, 2, 16, 255, &byte) || (i < 5 && s[3 * i + 2] != ':'))
                return false;
            mac[i] = (u8)byte;
        }
        mac_text(s, mac);
        v->number = SETTING_NO_BDF;
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

static bool check(enum form form, struct value *v)
{
    const char *s = v->text;
    size_t len = strlen(s);
    u32 *n = &v->number;
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
        return check_iqn(s, len);
    case FORM_FLAG:
        return check_flag(s, n);
    case FORM_DRIVE: {
        size_t skip = str_starts(s, "0x") ? 2 : 0;
        return parse_number(s + skip, len - skip, 16, 0x8f, n) && *n >= 0x80;
    }
    case FORM_NIC:
        return check_nic(v, len);
    case FORM_MTU:
        return parse_number(s, len, 10, MTU_MOST, n) && *n >= MTU_LEAST;
    case FORM_SECONDS:
        return parse_number(s, len, 10, SECONDS_MAX, n) && *n;
    }
    return false;
}

enum error setting_set(enum setting_id id, const char *value, size_t len,
                       enum setting_source source)
{
    struct value new;
    memset(&new, 0, sizeof(new));
    new.source = (u8)source;
    struct value *old = &values[id];
    bool good =
        str_put(new.text, sizeof(new.text), value, len) && check((enum form)table[id].form, &new);
    if (good && (!old->text[0] || source >= old->source))
        memcpy(old, &new, sizeof(new));
    wipe(&new, sizeof(new)); /* it may be a secret */
    return good ? OK : ERR_SETTING_VALUE;
}

const char *setting_text(enum setting_id id)
{
    return values[id].text;
}

enum setting_source setting_source(enum setting_id id)
{
    return (enum setting_source)values[id].source;
}

ip4 setting_ip4(enum setting_id id)
{
    const struct value *ip = &values[SET_IP], *v = &values[id];
    if (id != SET_NETMASK || (v->number && v->source >= ip->source))
        return v->number;
    if (ip->prefix)
        return ip->prefix;
    if (v->number || !ip->number)
        return v->number;
    return ip4_class_mask(ip->number);
}

u32 setting_number(enum setting_id id)
{
    return values[id].number;
}

bool setting_flag(enum setting_id id)
{
    return values[id].number;
}

const char *setting_name(enum setting_id id)
{
    return table[id].name;
}

/* The command line. */

/* One word without its quotes. */
struct word {
    char text[sizeof(((struct setting *)0)->name) + SETTING_TEXT]; /* name=value, terminated */
    size_t len;
    bool broken; /* does not fit, or a quote is not closed */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Take the next word from *line; false at the end. */
static bool next_word(const char **line, struct word *w)
{
    const char *s = *line;
    while (is_space(*s))
        s++;
    w->len = 0;
    w->broken = false;
    bool quoted = false, any = *s;
    for (; *s && (quoted || !is_space(*s)); s++) {
        if (*s == '"') {
            quoted = !quoted;
            continue;
        }
        if (*s == '\\' && (s[1] == '"' || s[1] == '\'' || s[1] == '\\'))
            s++;
        if (w->len + 1 < sizeof(w->text))
            w->text[w->len++] = *s;
        else
            w->broken = true;
    }
    w->text[w->len] = 0;
    w->broken |= quoted;
    *line = s;
    return any;
}

static void take_word(struct word *w, bool first, setting_complaint complain)
{
    bool file = false;
    size_t name_len = 0;
    for (; w->text[name_len] && w->text[name_len] != '='; name_len++)
        file |= w->text[name_len] == '/' || w->text[name_len] == '.' || w->text[name_len] == '(';
    if (first && file)
        return;
    char *value = w->text + name_len;
    if (*value)
        *value++ = 0;
    else
        w->broken = true;
    size_t value_len = (size_t)(w->text + w->len - value);
    enum error why = ERR_SETTING_UNKNOWN;
    bool show = false;
    for (u32 id = 0; id < SETTING_COUNT; id++)
        if (str_equal(w->text, table[id].name)) {
            why = w->broken ? ERR_SETTING_VALUE
                            : setting_set((enum setting_id)id, value, value_len, FROM_COMMAND_LINE);
            show = !w->broken && table[id].form != FORM_SECRET;
        }
    if (why == OK)
        return;
    /* A misspelt name may be a secret's, and a misplaced quote may have swallowed one: show the
     * values of known names only, and only to the first space. */
    size_t shown = 0;
    while (show && value[shown] && value[shown] != ' ')
        shown++;
    value[shown] = 0;
    complain(text_clean(w->text), text_clean(value), why);
}

void settings_parse(const char *line, setting_complaint complain)
{
    struct word word;
    for (bool first = true; next_word(&line, &word); first = false)
        take_word(&word, first, complain);
    wipe(&word, sizeof(word));
}

void settings_wipe(void)
{
    for (u32 id = 0; id < SETTING_COUNT; id++)
        if (table[id].form == FORM_SECRET)
            wipe(values[id].text, SETTING_TEXT);
}
