/* key=value pairs of login and text PDUs (RFC 7143, 6.1). */
#ifndef LUNBOOT_ISCSI_TEXT_H
#define LUNBOOT_ISCSI_TEXT_H

#include "base/types.h"

#define TEXT_KEY 64 /* bytes for a key (63 at most) and its terminator */

/* Pairs to send. What does not fit sets `overflow`. */
struct text_out {
    char *buf;
    u32 size, len;
    bool overflow;
};

/* Append key=value and its 0. */
void text_put(struct text_out *out, const char *key, const char *value);
void text_put_number(struct text_out *out, const char *key, u32 value);

enum text_step { TEXT_PAIR, TEXT_END, TEXT_BAD };

/* The next pair in [*at, end), and *at behind it. key gets a copy; *value points into the text,
 * which holds its terminating 0. TEXT_BAD: no terminator, no '=', or a key of 0 or over 63 bytes.
 * Empty pairs, which some targets pad with, are skipped. */
enum text_step text_next(const char **at, const char *end, char key[TEXT_KEY], const char **value);

/* A numerical value: decimal, or hexadecimal after 0x. */
bool text_number(const char *value, u32 max, u32 *number);

#endif
