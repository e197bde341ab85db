/* The root path of RFC 4173. */
#include "iscsi/root_path.h"

#include "base/bytes.h"
#include "base/format.h"
#include "base/str.h"

#define PREFIX 6 /* "iscsi:" */

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

/* Is it this word, which has only small letters, in whatever letters? */
static bool is_word(const char *s, size_t len, const char *word)
{
    size_t i = 0;
    while (i < len && word[i] && (s[i] | 0x20) == word[i])
        i++;
    return i == len && !word[i];
}

/* "tcp (6)" is how Intel's manuals and what follows them write it. */
static bool is_tcp(const char *s, size_t len)
{
    return !len || is_word(s, len, "6") || is_word(s, len, "tcp") || is_word(s, len, "tcp (6)");
}

/* Up to four groups of up to four hexadecimal digits, with dashes between them. */
static bool parse_lun(const char *s, size_t len, u8 lun[8])
{
    memset(lun, 0, 8);
    if (len > 2 && is_word(s, 2, "0x")) {
        s += 2;
        len -= 2;
    }
    for (u32 group = 0; group < 4; group++) {
        size_t digits = 0;
        u32 v;
        while (digits < len && s[digits] != '-')
            digits++;
        if (digits > 4 || !parse_number(s, digits, 16, 0xffff, &v))
            return false;
        put_be16(lun + group * 2, (u16)v);
        if (digits == len)
            return true;
        s += digits + 1;
        len -= digits + 1;
    }
    return false;
}

static const char *take_server(const char *s, size_t len, struct san_server *server)
{
    if (len && s[0] == '[')
        return "IPv6 is not supported";
    bool good = len && str_put(server->name, sizeof(server->name), s, len);
    for (const char *c = server->name; *c; c++)
        good &= *c > ' ' && *c <= '~';
    return good ? NULL : "the server is not valid";
}

static const char *refuse_protocol(const char *s, size_t len)
{
    static char text[64];
    char name[16];
    if (!str_put(name, sizeof(name), s, len))
        return "the protocol is not valid";
    format_text(text, sizeof(text), "protocol %s is not supported, only tcp (6)", name);
    return text;
}

static const char *parse(const char *text, struct iscsi_path *path)
{
    const char *s[4];
    size_t len[4];
    u32 port = ISCSI_PORT;
    memset(path, 0, sizeof(*path));
    if (strlen(text) < PREFIX || !is_word(text, PREFIX, "iscsi:"))
        return "it does not begin with iscsi:";
    text += PREFIX;
    for (u32 i = 0; i < ARRAY_SIZE(s); i++)
        if (!field(&text, &s[i], &len[i]))
            return "parts are missing";
    const char *wrong = take_server(s[0], len[0], &path->server);
    if (wrong)
        return wrong;
    if (!is_tcp(s[1], len[1]))
        return refuse_protocol(s[1], len[1]);
    if (len[2] && (!parse_number(s[2], len[2], 10, 65535, &port) || !port))
        return "the port is not valid";
    path->server.port = (u16)port;
    if (len[3] && !parse_lun(s[3], len[3], path->lun))
        return "the LUN is not valid (hexadecimal)";
    if (!*text || !str_is_word(text) ||
        !str_put(path->target, sizeof(path->target), text, strlen(text)))
        return "the target name is missing, too long, or has spaces";
    return NULL;
}

enum error iscsi_parse_root_path(const char *text, struct iscsi_path *path, const char **why)
{
    const char *wrong = parse(text, path);
    if (why)
        *why = wrong ? wrong : "";
    return wrong ? ERR_ROOT_PATH : OK;
}
