/* CHAP with MD5 (RFC 1994; RFC 7143, 12.1.3): the arithmetic. The exchange is login.c's. */
#ifndef LUNBOOT_ISCSI_CHAP_H
#define LUNBOOT_ISCSI_CHAP_H

#include "base/md5.h"
#include "base/types.h"

#define CHAP_MD5           5
#define CHAP_CHALLENGE_MAX 1024 /* RFC 7143: bytes in a CHAP_C */

/* A binary value, 0x and hexadecimal digits or 0b and base64, of 1 to `size` bytes. */
bool chap_decode(const char *text, u8 *bytes, u32 size, u32 *len);

/* The same as text: 0x, two digits a byte, and a 0; 2 * len + 3 bytes. */
void chap_encode(char *text, const u8 *bytes, u32 len);

/* MD5 of id, secret and challenge. */
void chap_response(u8 id, const char *secret, const u8 *challenge, u32 len, u8 digest[MD5_DIGEST]);

/* Are these equal? Takes the same time whatever they hold. */
bool chap_equal(const u8 *a, const u8 *b, u32 len);

#endif
