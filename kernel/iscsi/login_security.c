/* The security stage (RFC 7143, 12): which method it is, and the CHAP exchange (RFC 1994). */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/chap.h"
#include "iscsi/conn.h"
#include "iscsi/login_internal.h"
#include "san/disks.h"

#define OUR_CHALLENGE 16 /* bytes in the CHAP_C that we send */

/* Where the stage is. */
enum security {
    WANT_METHOD,    /* AuthMethod is offered */
    WANT_CHALLENGE, /* CHAP_A is offered */
    WANT_PROOF,     /* our CHAP_C is out */
    SECURITY_DONE,  /* nothing left but to change the stage */
};

/* Its keys, as the target gave them in its latest answer; NULL: not given. */
enum { AUTH_METHOD, CHAP_A, CHAP_I, CHAP_C, CHAP_N, CHAP_R, SECURITY_KEYS };

static const char *const security_keys[SECURITY_KEYS] = {"AuthMethod", "CHAP_A", "CHAP_I",
                                                         "CHAP_C",     "CHAP_N", "CHAP_R"};

static struct state {
    const struct iscsi_config *config;
    enum security security;
    bool chap, mutual;
    u32 weakest, strongest;        /* what is offered, of enum chap_algorithm */
    enum chap_algorithm algorithm; /* what the target has chosen of it; 0: nothing yet */
    u8 challenge[OUR_CHALLENGE], challenge_id; /* also the last login's: see reflected() */
    const char *given[SECURITY_KEYS];
    u32 values_len;
    /* Decent values need less, most of it for CHAP_C. */
    char values[3072];
} states[SAN_DISKS], *state = states;

void login_security_select(u32 disk)
{
    state = &states[disk];
}

bool login_security_start(const struct iscsi_config *c, bool needed, struct text_out *out)
{
    state->config = c;
    state->chap = false;
    state->security = WANT_METHOD;
    state->algorithm = 0;
    state->weakest = max_u32(c->chap_weakest, CHAP_MD5);
    state->strongest = c->chap_md5 && state->weakest == CHAP_MD5 ? CHAP_MD5 : CHAP_SHA3_256;
    state->mutual = state->config->user[0] && state->config->reverse_user[0];
    if (!state->config->user[0] && !needed)
        return false;
    /* Who wants the target to prove itself can't let it choose not to. */
    text_put(out, "AuthMethod",
             state->mutual            ? "CHAP"
             : state->config->user[0] ? "CHAP,None"
                                      : "None");
    return true;
}

void login_security_next(void)
{
    memset(state->given, 0, sizeof(state->given));
    state->values_len = 0;
}

static bool keep(const char *text, const char **kept)
{
    u32 size = (u32)strlen(text) + 1;
    if (size > sizeof(state->values) - state->values_len)
        return false;
    *kept = memcpy(state->values + state->values_len, text, size);
    state->values_len += size;
    return true;
}

bool login_security_take(const char *key, const char *text, enum error *e)
{
    for (u32 i = 0; i < SECURITY_KEYS; i++)
        if (str_equal(key, security_keys[i])) {
            *e = state->given[i] || !keep(text, &state->given[i]) ? ERR_ISCSI_PROTOCOL : OK;
            return true;
        }
    return false;
}

/* A target that sends us our own challenge wants us to compute the answer that it lacks. */
static bool reflected(const u8 *theirs, u32 len)
{
    return len == OUR_CHALLENGE && chap_equal(theirs, state->challenge, OUR_CHALLENGE);
}

/* The strongest first, as targets take the first one that they know. */
static void offer_algorithms(struct text_out *out)
{
    char list[2 * (CHAP_SHA3_256 - CHAP_MD5 + 1)], *at = list;
    for (u32 a = state->strongest; a >= state->weakest; a--) {
        *at++ = (char)('0' + a);
        *at++ = ',';
    }
    at[-1] = 0;
    text_put(out, "CHAP_A", list);
    state->security = WANT_CHALLENGE;
}

/* The target's choice; false: it was not offered, and "Reject" is none. */
static bool take_algorithm(void)
{
    u32 a;
    if (!state->given[CHAP_A] || !text_number(state->given[CHAP_A], state->strongest, &a) ||
        a < state->weakest)
        return false;
    state->algorithm = (enum chap_algorithm)a;
    return true;
}

/* CHAP_I and CHAP_C are there: answer them, and challenge the target when it has to prove itself.
 */
static enum error answer_challenge(struct text_out *out)
{
    static u8 theirs[CHAP_CHALLENGE_MAX];
    u8 digest[HASH_MAX];
    char hex[2 * HASH_MAX + 3];
    u32 len, id;
    if (!take_algorithm())
        return ERR_LOGIN_ALGORITHM;
    if (!state->given[CHAP_I] || !state->given[CHAP_C] ||
        !text_number(state->given[CHAP_I], 255, &id) ||
        !chap_decode(state->given[CHAP_C], theirs, sizeof(theirs), &len))
        return ERR_ISCSI_PROTOCOL;
    if (reflected(theirs, len))
        return ERR_LOGIN_TARGET_AUTH;
    u32 size = chap_response(state->algorithm, (u8)id, state->config->secret, theirs, len, digest);
    text_put(out, "CHAP_N", state->config->user);
    chap_encode(hex, digest, size);
    text_put(out, "CHAP_R", hex);
    state->chap = true;
    if (!state->mutual) {
        state->security = SECURITY_DONE;
        return OK;
    }
    do {
        for (u32 i = 0; i < OUR_CHALLENGE; i += 4)
            put_be32(state->challenge + i, random_u32());
    } while (reflected(theirs, len));
    state->challenge_id = (u8)random_u32();
    text_put_number(out, "CHAP_I", state->challenge_id);
    chap_encode(hex, state->challenge, OUR_CHALLENGE);
    text_put(out, "CHAP_C", hex);
    state->security = WANT_PROOF;
    return OK;
}

/* The target's answer to our challenge. One that comes with a second challenge is refused, too, and
 * so is what we would have answered ourselves (RFC 7143, 9.2.1). */
static enum error check_proof(void)
{
    u8 want[HASH_MAX], got[HASH_MAX];
    u32 len,
        size = chap_response(state->algorithm, state->challenge_id, state->config->reverse_secret,
                             state->challenge, OUR_CHALLENGE, want);
    if (!state->given[CHAP_N] || !state->given[CHAP_R] || state->given[CHAP_C] ||
        state->given[CHAP_I] || !str_equal(state->given[CHAP_N], state->config->reverse_user) ||
        str_equal(state->config->secret, state->config->reverse_secret) ||
        !chap_decode(state->given[CHAP_R], got, sizeof(got), &len) || len != size ||
        !chap_equal(want, got, size))
        return ERR_LOGIN_TARGET_AUTH;
    state->security = SECURITY_DONE;
    return OK;
}

/* It may only go on at once where we asked for that, and can live with None. LIO with a dynamic ACL
 * that needs no CHAP means None by it. */
static void take_chap(bool next_stage, struct text_out *out)
{
    iscsi_stats.login_nochap += next_stage;
    if (next_stage)
        state->security = SECURITY_DONE;
    else
        offer_algorithms(out);
}

static enum error take_method(bool next_stage, struct text_out *out)
{
    const char *method = state->given[AUTH_METHOD];
    if (!method)
        return OK; /* it has more to say first */
    if (str_equal(method, "CHAP") && state->config->user[0]) {
        take_chap(next_stage, out);
    } else if (state->mutual) {
        return ERR_LOGIN_TARGET_AUTH; /* ctld says Reject where it needs no CHAP */
    } else if (str_equal(method, "None")) {
        state->security = SECURITY_DONE;
    } else {
        return ERR_LOGIN_NO_METHOD;
    }
    return OK;
}

enum error login_security_step(bool next_stage, struct text_out *out)
{
    switch (state->security) {
    case WANT_METHOD:
        return take_method(next_stage, out);
    case WANT_CHALLENGE:
        return answer_challenge(out);
    case WANT_PROOF:
        return check_proof();
    default:
        return OK;
    }
}

bool login_security_ends(void)
{
    return state->security >= WANT_PROOF || (state->security == WANT_METHOD && !state->mutual);
}

enum error login_security_refused(enum error e)
{
    /* tgt says 0200h to a list of which it knows nothing, and to a response of SHA-256's length. */
    if (e == ERR_LOGIN_REFUSED)
        return state->security == WANT_CHALLENGE || state->algorithm == CHAP_SHA256
                   ? ERR_LOGIN_ALGORITHM
                   : e;
    if (e != ERR_LOGIN_AUTH)
        return e;
    if (!state->config->user[0])
        return ERR_LOGIN_NO_METHOD;
    if (state->security == WANT_METHOD && state->mutual)
        return ERR_LOGIN_TARGET_AUTH;
    return state->security == WANT_CHALLENGE ? ERR_LOGIN_ALGORITHM : ERR_LOGIN_AUTH;
}

/* Where MD5 will not do there is no doubt: nobody can make us offer it. */
bool login_chap_in_doubt(enum error why)
{
    if (state->weakest > CHAP_MD5)
        return false;
    if (state->security == WANT_CHALLENGE)
        return why == ERR_LOGIN_ALGORITHM || why == ERR_LOGIN_REFUSED;
    return state->algorithm == CHAP_SHA256 && (why == ERR_LOGIN_AUTH || why == ERR_LOGIN_ALGORITHM);
}

bool login_used_chap(void)
{
    return state->chap;
}

void login_security_wipe(void)
{
    wipe(state->challenge, sizeof(state->challenge));
    wipe(state->values, sizeof(state->values));
}
