/* Servers by name. */
#include "san/server.h"

#include "base/inet.h"
#include "base/str.h"

static const struct san_server *asking; /* for whom DNS is asked; NULL: for nobody */

bool server_parse(struct san_server *s, const char *text, char end, u16 port)
{
    char name[DNS_NAME];
    u32 len = 0, number = port;
    while (text[len] && text[len] != ':' && text[len] != end)
        len++;
    if (!len || !str_put(name, sizeof(name), text, len))
        return false;
    text += len;
    if (*text == ':') {
        u32 digits = 0;
        for (text++; text[digits] && text[digits] != end;)
            digits++;
        if (!parse_number(text, digits, 10, 65535, &number) || !number)
            return false;
    }
    memcpy(s->name, name, sizeof(name));
    s->addr = 0;
    s->port = (u16)number;
    return true;
}

void server_look_up(const struct san_server *s, msec now)
{
    ip4 addr;
    if (asking && asking != s && dns_result(&addr) == DNS_ASKING)
        return;
    asking = s;
    dns_start(s->name, now);
}

bool server_looked_up(struct san_server *s, msec now)
{
    ip4 addr;
    if (ip4_parse(s->name, strlen(s->name), &s->addr))
        return true;
    if (asking != s)
        server_look_up(s, now); /* its turn may have come */
    enum dns_state state = dns_result(&addr);
    if (asking != s || state == DNS_ASKING)
        return false;
    asking = NULL;
    if (state == DNS_DONE)
        s->addr = addr;
    return true;
}
