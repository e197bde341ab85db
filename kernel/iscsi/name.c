/* iSCSI names: RFC 7143, 4.2.7; RFC 3980 for naa. */
#include "iscsi/name.h"

#include "base/str.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Beyond the letter of RFC 3722 capitals and '_' are as good: others let them pass, so targets have
 * them in their access lists. */
static bool is_iqn(const char *s)
{
    static const char form[] = "iqn.dddd-dd.a";
    for (u32 i = 0; form[i]; i++, s++)
        if (form[i] == 'd' ? !is_digit(*s) : form[i] == 'a' ? !is_alnum(*s) : *s != form[i])
            return false;
    while (is_alnum(*s) || *s == '-' || *s == '.' || *s == ':' || *s == '_')
        s++;
    return !*s;
}

static bool is_hex(const char *s)
{
    u32 ignored;
    while (parse_number(s, 1, 16, 15, &ignored))
        s++;
    return !*s;
}

bool iscsi_name_is_proper(const char *name)
{
    size_t len = strlen(name);
    bool naa = str_starts(name, "naa.");
    if (naa || str_starts(name, "eui."))
        return (len == 4 + 16 || (naa && len == 4 + 32)) && is_hex(name + 4);
    return is_iqn(name);
}

void iscsi_name_from_host(char *name)
{
    for (; *name; name++)
        if (*name == '_')
            *name = '-';
        else if (*name >= 'A' && *name <= 'Z')
            *name |= 0x20;
}
