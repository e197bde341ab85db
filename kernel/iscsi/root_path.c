/* The root path of RFC 4173. */
#include "iscsi/root_path.h"

#include "base/bytes.h"
#include "base/str.h"

/* A field: everything up to the next ':' outside of brackets, and *text behind it. False when there
 * is no ':'. */
static bool field(const char **text, const char **start, size_t *len)
{
    const char *p = *text;
    bool brackets = false;
    for (; *p && (*p != ':' || brackets); p++)
        brackets = *p == '[' || (brackets && *p != ']');
    *start = *text;
    *len = (size_t)(p - *text);
    *text = p + 1;
    return *p == ':';
}

/* Up to four groups of up to four hexadecimal digits, with dashes between them. */
static bool parse_lun(const char *s, size_t len, u8 lun[8])
{
    memset(lun, 0, 8);
    for (u32 group = 0; group < 4; group++) {
        size_t digits = 0;
        u32 v;
        while (digits < len && s[digits] != '-')
            digits++;
        if (digits > 4 || !parse_number(s, digits, 16, 0xffff, &v))
            return false;
        /* A plain number of 256 and more is written with flat space addressing (SAM-5, 4.7.7.3). */
        if (digits == len && !group && v > 0xff && v < 0x4000)
            v |= 0x4000;
        put_be16(lun + group * 2, (u16)v);
        if (digits == len)
            return true;
        s += digits + 1;
        len -= digits + 1;
    }
    return false;
}

/* iqn., eui. or naa., printable and without spaces (RFC 7143, 4.2.7). */
static bool valid_name(const char *s)
{
    if (!str_starts(s, "iqn.") && !str_starts(s, "eui.") && !str_starts(s, "naa."))
        return false;
    for (s += 4; *s; s++)
        if (*s <= ' ' || *s == 0x7f)
            return false;
    return s[-1] != '.';
}

static const char *parse(const char *text, struct iscsi_path *path)
{
    const char *s;
    size_t len;
    u32 v;
    memset(path, 0, sizeof(*path));
    path->server.port = ISCSI_PORT;
    if (!str_starts(text, "iscsi:"))
        return "it does not begin with iscsi:";
    text += 6;
    if (!field(&text, &s, &len))
        return "parts are missing";
    if (len && s[0] == '[')
        return "IPv6 is not supported";
    if (!len || !str_put(path->server.name, sizeof(path->server.name), s, len))
        return "the server is not valid";
    for (const char *c = path->server.name; *c; c++)
        if (*c <= ' ' || *c > '~')
            return "the server is not valid";
    if (!field(&text, &s, &len))
        return "parts are missing";
    if (len && (!parse_number(s, len, 10, 255, &v) || v != 6))
        return "the protocol is not 6 (TCP)";
    if (!field(&text, &s, &len))
        return "parts are missing";
    if (len && (!parse_number(s, len, 10, 65535, &v) || !v))
        return "the port is not valid";
    if (len)
        path->server.port = (u16)v;
    if (!field(&text, &s, &len))
        return "parts are missing";
    if (len && !parse_lun(s, len, path->lun))
        return "the LUN is not valid (hexadecimal)";
    if (!str_put(path->target, sizeof(path->target), text, strlen(text)) ||
        !valid_name(path->target))
        return "the target name is not valid (iqn., eui. or naa.)";
    return NULL;
}

enum error iscsi_parse_root_path(const char *text, struct iscsi_path *path, const char **why)
{
    const char *wrong = parse(text, path);
    if (why)
        *why = wrong ? wrong : "";
    return wrong ? ERR_ROOT_PATH : OK;
}
