/* The settings file: where it is, and getting it. */
#include "attach/attach_internal.h"
#include "attach/step.h"
#include "base/inet.h"
#include "base/loop.h"
#include "base/say.h"
#include "base/str.h"
#include "net/dhcp.h"
#include "net/port.h"
#include "net/tftp.h"
#include "san/server.h"
#include "settings/settings.h"
#include "settings/settings_file.h"

#define COMPLAINTS 10 /* lines on the screen for one file */

static struct san_server server;
static const char *path; /* its name for the server */
static u32 complaints;

static void complain(const char *name, const char *value, enum error why)
{
    const char *file = path + strlen(path);
    while (file > path && file[-1] != '/')
        file--;
    if (complaints++ < COMPLAINTS)
        say("E%u      %s:%u: %s%s%s%s%s\n", why, file, settings_file_line(), name, *name ? "=" : "",
            value, *name ? ": " : "", error_text(why));
}

/* What is tried, and what there is to say of it. */
static void try(const char *what)
{
    char text[IP4_TEXT];
    step_try("%s from %s%s%s", setting_text(SET_CONFIG), ip4_text(text, server.addr),
             *what ? ": " : "", what);
}

static bool server_found(void)
{
    return server_looked_up(&server, loop_now());
}

/* <server>[:<port>]/<file> */
static enum error find_by_url(const char *url)
{
    if (!server_parse(&server, url, '/', TFTP_PORT))
        return ERR_FILE_ADDRESS;
    while (*url && *url != '/')
        url++;
    if (!*url || !url[1])
        return ERR_FILE_ADDRESS;
    path = url + 1;
    server_look_up(&server, loop_now());
    step_wait(server_found, SERVER_LOOK_UP_MS, "the name server");
    return server.addr ? OK : ERR_DNS_FAILED;
}

/* A URL, else a file on the next server. */
static enum error find(void)
{
    const char *where = setting_text(SET_CONFIG), *s = where;
    const struct dhcp_lease *lease = dhcp_lease();
    step_try("%s", where);
    while (*s && !str_starts(s, "://"))
        s++;
    if (*s)
        return str_starts(where, "tftp:") ? find_by_url(s + 3) : ERR_FILE_ADDRESS;
    path = where;
    server.addr = lease->next_server ? lease->next_server : lease->server;
    server.port = TFTP_PORT;
    return server.addr ? OK : ERR_FILE_ADDRESS;
}

static enum error fetch(void)
{
    const struct tftp_file file = {.server = server.addr,
                                   .port = server.port,
                                   .name = path,
                                   .most = SETTINGS_FILE_MOST,
                                   .take = settings_file_take};
    u32 give_up = step_limit();
    settings_file_begin(net_device()->mac, complain);
    tftp_start(&file, give_up, loop_now());
    step_wait(tftp_ended, give_up + 1000, "the TFTP server");
    enum error e = tftp_error(), parsed = settings_file_end(!e);
    return e ? e : parsed;
}

/* A boot file is one of settings when there is no other way to the disk. */
static bool is_boot_file_wanted(void)
{
    return !*setting_text(SET_CONFIG) && !*setting_text(SET_ROOT_PATH) &&
           dhcp_lease()->boot_file[0];
}

static enum error take_boot_file(void)
{
    const char *file = dhcp_lease()->boot_file;
    step_try("the boot file that DHCP names");
    return setting_set(SET_CONFIG, file, strlen(file), FROM_DHCP);
}

/* What there is to say of the file, besides the error. */
static const char *kind(enum error e)
{
    return e == ERR_FILE_NO_SETTINGS ? settings_file_kind()
           : e == ERR_FILE_REFUSED   ? tftp_said()
                                     : "";
}

static enum error take_file(void)
{
    complaints = 0;
    enum error e = find();
    if (e)
        return e;
    e = fetch();
    try(kind(e));
    return e;
}

/* Was it meant for others? What is missing is a root path then. */
static bool is_for_others(enum error e)
{
    return e == ERR_FILE_NO_SETTINGS || e == ERR_FILE_TOO_LARGE || e == ERR_FILE_ADDRESS;
}

enum error attach_file(void)
{
    enum error e = OK;
    bool offered = is_boot_file_wanted();
    if (offered)
        e = take_boot_file();
    if (e || !*setting_text(SET_CONFIG))
        return e;
    e = take_file();
    if (offered && is_for_others(e)) {
        attach_try_lease(e == ERR_FILE_NO_SETTINGS ? settings_file_kind() : "no settings file");
        e = ERR_DHCP_NO_ROOT_PATH;
    }
    if (e)
        return e;
    say("Settings %s\n", step_tried());
    attach_address_set_dns();
    return attach_nic_set_mtu();
}
