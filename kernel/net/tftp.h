/* TFTP client (RFC 1350; options by RFC 2347 to 2349): reads one file at a time, and hands it on
 * piece by piece as it comes. Servers that know no options, or stumble over them, are asked again
 * without. */
#ifndef LUNBOOT_TFTP_H
#define LUNBOOT_TFTP_H

#include "base/error.h"
#include "base/types.h"
#include "net/icmp.h"

#define TFTP_PORT 69
#define TFTP_NAME 256 /* bytes for a file's name and its terminator */
#define TFTP_SAID 128 /* bytes for what a server says, and its terminator */

struct tftp_file {
    ip4 server;
    u16 port;
    const char *name; /* shorter than TFTP_NAME; must stay valid until the end */
    u32 most; /* bytes that it may have; fewer than 65,536 * 8, so that blocks can be counted */
    /* The next piece, in order, len > 0; valid during the call only. What is not OK ends it all. */
    enum error (*take)(const u8 *data, u32 len);
};

/* Begin (*file is copied), and end an earlier one. It may take give_up_ms. */
void tftp_start(const struct tftp_file *file, u32 give_up_ms, msec now);

/* Forget it without telling anybody. */
void tftp_stop(void);

/* Has it come to its end? tftp_error() is then OK: the whole file was taken; or what take() said,
 * ERR_FILE_REFUSED, _TOO_LARGE, _NO_SERVER, ERR_NET_NO_ROUTE or _NO_ARP. */
bool tftp_ended(void);
enum error tftp_error(void);

/* With ERR_FILE_REFUSED: what the server has said of it, clean for the screen. */
const char *tftp_said(void);

/* Somebody says that a datagram of ours could not be delivered. */
void tftp_icmp_error(const struct icmp_error *error);

void tftp_poll(msec now);
u32 tftp_timeout(msec now);

#endif
