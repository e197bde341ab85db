/* The error table's texts. One after the other they need no pointers, each of which is a
 * relocation. */
#include "base/error.h"

#include "base/str.h"

#define ERROR_CODE(name, code, status, text, advice) {code, status},
#define ERROR_TEXT(name, code, status, text, advice) text "\0" advice "\0"

/* The last is what there is to say of any other code. */
static const struct {
    u8 code, int13_status;
} errors[] = {ERROR_TABLE(ERROR_CODE){OK, 0}};
static const char texts[] = ERROR_TABLE(ERROR_TEXT) "no error\0";

static u32 find(enum error e)
{
    u32 i = 0;
    while (i < ARRAY_SIZE(errors) - 1 && errors[i].code != e)
        i++;
    return i;
}

const char *error_text(enum error e)
{
    return str_nth(texts, 2 * find(e));
}

const char *error_advice(enum error e)
{
    return str_nth(texts, 2 * find(e) + 1);
}

bool error_may_heal(enum error e)
{
    static const u8 passing[] = {
        ERR_NIC_NO_LINK,  ERR_DHCP_TIMEOUT,    ERR_FILE_NO_SERVER,  ERR_NET_NO_ARP,
        ERR_TCP_REFUSED,  ERR_TCP_TIMEOUT,     ERR_TCP_RESET,       ERR_TCP_CLOSED,
        ERR_DNS_FAILED,   ERR_NET_UNREACHABLE, ERR_LOGIN_NOT_FOUND, ERR_LOGIN_UNAVAILABLE,
        ERR_LOGIN_CLOSED, ERR_LOGIN_TIMEOUT,   ERR_LUN_NOT_FOUND,   ERR_LUN_NOT_READY,
        ERR_SCSI_BUSY,    ERR_LUN_STANDBY,     ERR_LUN_RESERVED,
    };
    for (u32 i = 0; i < sizeof(passing); i++)
        if (e == passing[i])
            return true;
    return false;
}

u8 error_int13_status(enum error e)
{
    return errors[find(e)].int13_status;
}
