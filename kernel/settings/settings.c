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
    [SET_DISK_2] = {"disk2", FORM_TEXT},
    [SET_DISK_3] = {"disk3", FORM_TEXT},
    [SET_DISK_4] = {"disk4", FORM_TEXT},
    [SET_INITIATOR_IQN] = {"initiator-iqn", FORM_IQN},
    [SET_USERNAME] = {"username", FORM_TEXT},
    [SET_PASSWORD] = {"password", FORM_SECRET},
    [SET_REVERSE_USERNAME] = {"reverse-username", FORM_TEXT},
    [SET_REVERSE_PASSWORD] = {"reverse-password", FORM_SECRET},
    [SET_CHAP] = {"chap", FORM_CHAP},
    [SET_DIGEST] = {"digest", FORM_DIGEST},
    [SET_KEEP_SAN] = {"keep-san", FORM_KEEP},
    [SET_SKIP_SAN_BOOT] = {"skip-san-boot", FORM_FLAG},
    [SET_DRIVE] = {"drive", FORM_DRIVE},
    [SET_SECTOR] = {"sector", FORM_SECTOR},
    [SET_BOOT] = {"boot", FORM_BOOT},
    [SET_NIC] = {"nic", FORM_NIC},
    [SET_MTU] = {"mtu", FORM_MTU},
    [SET_VLAN] = {"vlan", FORM_VLAN},
    [SET_TIMEOUT] = {"timeout", FORM_SECONDS},
    [SET_RETRY] = {"retry", FORM_RETRY},
    [SET_CONFIG] = {"config", FORM_TEXT},
};

static struct setting_value values[SETTING_COUNT];

/* The numbers of what is not set; others are 0. */
static u32 default_number(u32 id)
{
    switch (id) {
    case SET_DRIVE:
        return 0x80;
    case SET_SECTOR:
        return 512;
    case SET_NIC:
        return SETTING_NO_BDF;
    case SET_MTU:
        return MTU_ETHERNET;
    case SET_TIMEOUT:
        return 60;
    case SET_RETRY:
        return SETTING_FOREVER;
    default:
        return 0;
    }
}

static void forget(u32 id)
{
    wipe(&values[id], sizeof(values[id]));
    values[id].number = default_number(id);
}

void settings_init(void)
{
    for (u32 id = 0; id < SETTING_COUNT; id++)
        forget(id);
}

void settings_forget(enum setting_source source)
{
    for (u32 id = 0; id < SETTING_COUNT; id++)
        if (values[id].source <= source)
            forget(id);
}

/* Is it needed before a settings file can be read? */
static bool is_early(enum setting_id id)
{
    switch (id) {
    case SET_IP:
    case SET_NETMASK:
    case SET_GATEWAY:
    case SET_NIC:
    case SET_VLAN:
    case SET_CONFIG:
        return true;
    default:
        return false;
    }
}

enum error setting_set(enum setting_id id, const char *value, size_t len,
                       enum setting_source source)
{
    struct setting_value new;
    if (is_early(id) && (source == FROM_FILE || source == FROM_OWN_SECTION))
        return ERR_SETTING_LATE;
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
