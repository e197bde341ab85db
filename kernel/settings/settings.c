/* Settings: one table of names and forms, one of values. */
#include "settings/settings.h"

#include "base/inet.h"
#include "base/str.h"

/* The names lie in the table itself: no pointers, no relocations. */
static const struct setting {
    char name[SETTING_NAME];
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
    [SET_VLAN] = {"vlan", FORM_VLAN},
    [SET_TIMEOUT] = {"timeout", FORM_SECONDS},
};

static struct setting_value values[SETTING_COUNT];

void settings_init(void)
{
    wipe(values, sizeof(values));
    values[SET_DRIVE].number = 0x80;
    values[SET_NIC].number = SETTING_NO_BDF;
    values[SET_MTU].number = MTU_ETHERNET;
    values[SET_TIMEOUT].number = 60;
}

enum error setting_set(enum setting_id id, const char *value, size_t len,
                       enum setting_source source)
{
    struct setting_value new;
    memset(&new, 0, sizeof(new));
    new.source = (u8)source;
    struct setting_value *old = &values[id];
    bool good = str_put(new.text, sizeof(new.text), value, len) &&
                form_check((enum form)table[id].form, &new);
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
    const struct setting_value *ip = &values[SET_IP], *v = &values[id];
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

bool setting_is_secret(enum setting_id id)
{
    return table[id].form == FORM_SECRET;
}

void settings_wipe(void)
{
    for (u32 id = 0; id < SETTING_COUNT; id++)
        if (setting_is_secret((enum setting_id)id))
            wipe(values[id].text, SETTING_TEXT);
}
