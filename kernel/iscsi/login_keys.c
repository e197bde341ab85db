/* The operational keys (RFC 7143, 13): what we offer, and what the target makes of it. */
#include "base/arith.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/login_internal.h"
#include "iscsi/pdu.h"
#include "san/disks.h"

/* We offer all of them in the first request of the stage. */
struct key {
    const char *name;
    const char *offer;
    u32 low, high; /* what the target may answer; No and None count as 0, Yes and CRC32C as 1 */
    u32 initial; /* the RFC's default: what holds when the target does not want to talk about it */
};

enum {
    KEY_MAX_RECV_DATA,
    KEY_MAX_BURST,
    KEY_FIRST_BURST,
    KEY_MAX_R2T,
    KEY_INITIAL_R2T,
    KEY_IMMEDIATE,
    KEY_HEADER_DIGEST,
    KEY_DATA_DIGEST,
    KEY_OTHERS,
    KEY_UNUSED = KEY_OTHERS + 2, /* what the target makes of these and later ones matters not */
    KEYS = KEY_UNUSED + 4
};

/* Bytes that must be left where we say that we don't know a key: for that, and for all that matters
 * more. */
#define UNKNOWN_ROOM 2048

#define STRING_(x)   #x
#define STRING(x)    STRING_(x)

static const struct key keys[KEYS] = {
    [KEY_MAX_RECV_DATA] = {"MaxRecvDataSegmentLength", STRING(PDU_MAX_DATA), 512, 0xffffff,
                           PDU_MAX_LOGIN_DATA},
    [KEY_MAX_BURST] = {"MaxBurstLength", STRING(LOGIN_MAX_BURST), 512, LOGIN_MAX_BURST, 262144},
    [KEY_FIRST_BURST] = {"FirstBurstLength", STRING(LOGIN_FIRST_BURST), 512, LOGIN_FIRST_BURST,
                         65536},
    [KEY_MAX_R2T] = {"MaxOutstandingR2T", STRING(LOGIN_MAX_R2T), 1, LOGIN_MAX_R2T, 1},
    [KEY_INITIAL_R2T] = {"InitialR2T", "No", 0, 1, 1},
    [KEY_IMMEDIATE] = {"ImmediateData", "Yes", 0, 1, 1},
    [KEY_HEADER_DIGEST] = {"HeaderDigest", NULL, 0, 1, 0}, /* the offer: digest_offers[] */
    [KEY_DATA_DIGEST] = {"DataDigest", NULL, 0, 1, 0},
    [KEY_OTHERS] = {"DataPDUInOrder", "Yes", 1, 1, 1},
    {"DataSequenceInOrder", "Yes", 1, 1, 1},
    [KEY_UNUSED] = {"MaxConnections", "1", 1, 1, 1},
    {"ErrorRecoveryLevel", "0", 0, 0, 0},
    {"DefaultTime2Wait", "0", 0, 3600, 2},
    {"DefaultTime2Retain", "0", 0, 3600, 20},
};

/* A target takes the first that it has; tgtd and EMC's VNX take CRC32C of any list when they have
 * it, which is as good. */
static const char digest_offers[][sizeof("None,CRC32C")] = {
    [DIGEST_ON_DEMAND] = "None,CRC32C",
    [DIGEST_NEVER] = "None",
    [DIGEST_PREFERRED] = "CRC32C,None",
    [DIGEST_REQUIRED] = "CRC32C",
};

static struct state {
    enum iscsi_digest digest;
    u32 offered, answered; /* bit sets over keys[] */
    u32 value[KEYS];
} states[SAN_DISKS], *state = states;

void login_keys_select(u32 disk)
{
    state = &states[disk];
}

static bool is_digest(u32 i)
{
    return i == KEY_HEADER_DIGEST || i == KEY_DATA_DIGEST;
}

void login_keys_start(enum iscsi_digest d)
{
    state->digest = d;
    state->offered = state->answered = 0;
    for (u32 i = 0; i < KEYS; i++)
        state->value[i] = keys[i].initial;
}

void login_keys_offer(bool discovery, struct text_out *out)
{
    u32 count = discovery ? KEY_MAX_RECV_DATA + 1 : KEYS;
    for (u32 i = 0; i < count; i++)
        text_put(out, keys[i].name, is_digest(i) ? digest_offers[state->digest] : keys[i].offer);
    state->offered = (1u << count) - 1;
}

/* A value that the target may answer: No and None count as 0, Yes and CRC32C as 1. */
static bool may_answer(u32 i, const char *text, u32 *v)
{
    const struct key *k = &keys[i];
    *v = str_equal(text, is_digest(i) ? "CRC32C" : "Yes");
    if (!*v && !str_equal(text, "No") && !str_equal(text, "None") &&
        (is_digest(i) || !text_number(text, k->high, v)))
        return false;
    return *v >= k->low && *v <= k->high;
}

static bool lists(const char *text, const char *word)
{
    while (*text && !str_starts(text, word))
        text++;
    return *text;
}

/* The target asks first, in a discovery session; LIO ends one on a Reject. What every key's result
 * function makes of its value and ours: its own, unless ours is the limit; no digest unless it
 * takes nothing else. */
static const char *answer(u32 i, const char *text)
{
    u32 v;
    if (!is_digest(i))
        return may_answer(i, text, &v) ? text : keys[i].offer;
    state->value[i] =
        state->digest != DIGEST_NEVER && lists(text, "CRC32C") && !lists(text, "None");
    return state->value[i] ? "CRC32C" : "None";
}

static enum error take(u32 i, const char *text, struct text_out *out)
{
    const struct key *k = &keys[i];
    const u32 bit = 1u << i;
    u32 v;
    if (state->answered & bit)
        return ERR_ISCSI_PROTOCOL;
    if (!state->offered && i != KEY_MAX_RECV_DATA) {
        text_put(out, k->name, "Reject"); /* its stage is yet to come */
        return OK;
    }
    state->answered |= bit;
    if (str_equal(text, "Reject") || str_equal(text, "Irrelevant") ||
        str_equal(text, "NotUnderstood"))
        return OK;
    if (!(state->offered & bit) && i != KEY_MAX_RECV_DATA) {
        text_put(out, k->name, answer(i, text));
        return OK;
    }
    bool good = may_answer(i, text, &v);
    if (good)
        state->value[i] = v;
    else if (i < KEY_UNUSED)
        return ERR_ISCSI_PROTOCOL;
    iscsi_stats.login_keys += !good;
    return OK;
}

enum error login_keys_take(const char *key, const char *text, struct text_out *out)
{
    for (u32 i = 0; i < KEYS; i++)
        if (str_equal(key, keys[i].name))
            return take(i, text, out);
    /* What the target declares of itself is of no use to us. */
    if (str_starts(key, "Target") || str_equal(text, "NotUnderstood"))
        return OK;
    bool room = out->size - out->len >= UNKNOWN_ROOM;
    if (room)
        text_put(out, key, "NotUnderstood");
    iscsi_stats.login_room += !room;
    return OK;
}

void login_keys_get(struct iscsi_params *params)
{
    *params = (struct iscsi_params){
        .max_send_data = state->value[KEY_MAX_RECV_DATA],
        .max_burst = state->value[KEY_MAX_BURST],
        .first_burst = min_u32(state->value[KEY_FIRST_BURST], state->value[KEY_MAX_BURST]),
        .max_r2t = state->value[KEY_MAX_R2T],
        .initial_r2t = state->value[KEY_INITIAL_R2T],
        .immediate = state->value[KEY_IMMEDIATE],
        .header_digest = state->value[KEY_HEADER_DIGEST],
        .data_digest = state->value[KEY_DATA_DIGEST],
    };
}

enum error login_keys_end(bool discovery)
{
    u32 digests = state->value[KEY_HEADER_DIGEST] + state->value[KEY_DATA_DIGEST];
    bool wrong = (state->digest == DIGEST_NEVER && digests) ||
                 (state->digest == DIGEST_REQUIRED && digests < 2 && !discovery);
    return wrong ? ERR_LOGIN_DIGEST : OK;
}
