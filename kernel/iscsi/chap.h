/* CHAP (RFC 1994; RFC 7143, 12.1.3): the arithmetic. The exchange is login_security.c's. */
#ifndef LUNBOOT_ISCSI_CHAP_H
#define LUNBOOT_ISCSI_CHAP_H

#include "base/hash.h"
#include "base/types.h"

/* Values of CHAP_A, the stronger the higher; in enum hash_kind's order. IANA has them in its list
 * of PPP's authentication algorithms. */
enum chap_algorithm { CHAP_MD5 = 5, CHAP_SHA1, CHAP_SHA256, CHAP_SHA3_256 };

#define CHAP_CHALLENGE_MAX 1024 /* RFC 7143: bytes in a CHAP_C */

/* A binary value, 0x and hexadecimal digits or 0b and base64, of 1 to `size` bytes. */
bool chap_decode(const char *text, u8 *bytes, u32 size, u32 *len);

/* The same as text: 0x, two digits a byte, and a 0; 2 * len + 3 bytes. */
void chap_encode(char *text, const u8 *bytes, u32 len);

/* The hash of id, secret and challenge: returns the digest's length. */
u32 chap_response(enum chap_algorithm a, u8 id, const char *secret, const u8 *challenge, u32 len,
                  u8 digest[HASH_MAX]);

/* Are these equal? Takes the same time whatever they hold. */
bool chap_equal(const u8 *a, const u8 *b, u32 len);

#endif
