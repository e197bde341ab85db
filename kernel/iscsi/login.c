/* The login phase: stages, keys, and the CHAP exchange. */
#include "iscsi/login.h"

#include "base/arith.h"
#include "base/bytes.h"
#include "base/platform.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/chap.h"
#include "iscsi/text.h"

#define STAGE_SECURITY     0
#define STAGE_OPERATIONAL  1
#define STAGE_FULL_FEATURE 3

#define TEXT_SIZE          8192 /* what one side may say before the other answers */
#define MAX_EXCHANGES      64
#define OUR_CHALLENGE      16 /* bytes in the CHAP_C that we send */

/* The operational keys (RFC 7143, 13), all of which we offer in the first request of the stage. */
struct key {
    const char *name;
    const char *offer;
    u32 low, high; /* what the target may answer; No and None count as 0, Yes as 1 */
    u32 initial; /* the RFC's default: what holds when the target does not want to talk about it */
};

enum {
    KEY_MAX_RECV_DATA,
    KEY_MAX_BURST,
    KEY_FIRST_BURST,
    KEY_MAX_R2T,
    KEY_INITIAL_R2T,
    KEY_IMMEDIATE,
    KEY_OTHERS,
    KEYS = KEY_OTHERS + 8
};

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

static const struct key keys[KEYS] = {
    [KEY_MAX_RECV_DATA] = {"MaxRecvDataSegmentLength", STRING(PDU_MAX_DATA), 512, 0xffffff,
                           PDU_MAX_LOGIN_DATA},
    [KEY_MAX_BURST] = {"MaxBurstLength", STRING(LOGIN_MAX_BURST), 512, LOGIN_MAX_BURST, 262144},
    [KEY_FIRST_BURST] = {"FirstBurstLength", STRING(LOGIN_FIRST_BURST), 512, LOGIN_FIRST_BURST,
                         65536},
    [KEY_MAX_R2T] = {"MaxOutstandingR2T", STRING(LOGIN_MAX_R2T), 1, LOGIN_MAX_R2T, 1},
    [KEY_INITIAL_R2T] = {"InitialR2T", "No", 0, 1, 1},
    [KEY_IMMEDIATE] = {"ImmediateData", "Yes", 0, 1, 1},
    [KEY_OTHERS] = {"HeaderDigest", "None", 0, 0, 0},
    {"DataDigest", "None", 0, 0, 0},
    {"MaxConnections", "1", 1, 1, 1},
    {"ErrorRecoveryLevel", "0", 0, 0, 0},
    {"DataPDUInOrder", "Yes", 1, 1, 1},
    {"DataSequenceInOrder", "Yes", 1, 1, 1},
    {"DefaultTime2Wait", "0", 0, 3600, 2},
    {"DefaultTime2Retain", "0", 0, 3600, 20},
};

/* Where the security stage is. */
enum security {
    WANT_METHOD,    /* AuthMethod is offered */
    WANT_CHALLENGE, /* CHAP_A is offered */
    WANT_PROOF,     /* our CHAP_C is out */
    SECURITY_DONE,  /* nothing left but to change the stage */
};

/* The keys of the security stage, as the target gave them in its latest answer; NULL: not given. */
enum { AUTH_METHOD, CHAP_A, CHAP_I, CHAP_C, CHAP_N, CHAP_R, SECURITY_KEYS };

static const char *const security_keys[SECURITY_KEYS] = {"AuthMethod", "CHAP_A", "CHAP_I",
                                                         "CHAP_C",     "CHAP_N", "CHAP_R"};

/* Declared by the target, of no use to us. */
static const char *const ignored_keys[] = {"TargetAlias", "TargetPortalGroupTag"};

static const struct iscsi_config *config;
static struct iscsi_params params;
static u32 value[KEYS];
static u32 offered, answered; /* bit sets over keys[] */
static u8 stage;
static enum security security;
static bool transit; /* the request under way asks for the next stage */
static bool chap, mutual, discovery;
static u32 exchanges;
static u32 itt;
static u8 challenge[OUR_CHALLENGE], challenge_id; /* also the last login's: see reflected() */
static char in[TEXT_SIZE], out_text[TEXT_SIZE], address[LOGIN_ADDRESS];
static u32 in_len;
static struct text_out out;
static u32 sent; /* bytes of out that went into requests */
static bool target_continues;
static const char *given[SECURITY_KEYS];

static void offer_operational(void)
{
    /* The other keys are about SCSI commands, which a discovery session does not have. */
    u32 count = discovery ? KEY_MAX_RECV_DATA + 1 : KEYS;
    stage = STAGE_OPERATIONAL;
    transit = true;
    for (u32 i = 0; i < count; i++)
        text_put(&out, keys[i].name, keys[i].offer);
    offered = (1u << count) - 1;
}

static void clear_out(void)
{
    out = (struct text_out){out_text, sizeof(out_text), 0, false};
    sent = 0;
}

void login_start(const struct iscsi_config *c, const char *target)
{
    config = c;
    discovery = !target;
    mutual = config->user[0] && config->reverse_user[0];
    chap = target_continues = transit = false;
    exchanges = in_len = offered = answered = 0;
    itt = random_u32() & ~1u;
    address[0] = 0;
    for (u32 i = 0; i < KEYS; i++)
        value[i] = keys[i].initial;
    clear_out();
    text_put(&out, "InitiatorName", config->initiator);
    text_put(&out, "SessionType", discovery ? "Discovery" : "Normal");
    if (target)
        text_put(&out, "TargetName", target);
    if (config->user[0]) {
        stage = STAGE_SECURITY;
        security = WANT_METHOD;
        /* Who wants the target to prove itself can't let it choose not to. */
        text_put(&out, "AuthMethod", mutual ? "CHAP" : "CHAP,None");
    } else {
        offer_operational();
    }
}

u32 login_request(u8 bhs[BHS_SIZE], const char **data)
{
    u32 limit = min_u32(value[KEY_MAX_RECV_DATA], PDU_MAX_LOGIN_DATA);
    u32 n = target_continues ? 0 : min_u32(out.len - sent, limit);
    *data = out_text + sent;
    sent += n;
    u8 next = stage == STAGE_SECURITY ? STAGE_OPERATIONAL : STAGE_FULL_FEATURE;
    u8 flags = (u8)(stage << 2);
    if (sent < out.len)
        flags |= target_continues ? 0 : LOGIN_CONTINUE;
    else if (transit && !target_continues)
        flags |= LOGIN_TRANSIT | next;
    memset(bhs, 0, BHS_SIZE);
    bhs[BHS_OPCODE] = OPCODE_LOGIN_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = flags;
    memcpy(bhs + LOGIN_ISID, config->isid, sizeof(config->isid));
    put_be32(bhs + BHS_ITT, itt);
    return n;
}

/* What a status class and detail mean (RFC 7143, 11.13.5). */
static enum error status_error(u8 class, u8 detail)
{
    static const u8 initiator_errors[] = {ERR_LOGIN_REFUSED, ERR_LOGIN_AUTH, ERR_LOGIN_FORBIDDEN,
                                          ERR_LOGIN_NOT_FOUND, ERR_LOGIN_NOT_FOUND};
    if (class == 3)
        return ERR_LOGIN_UNAVAILABLE;
    if (class != 2 || detail >= ARRAY_SIZE(initiator_errors))
        return ERR_LOGIN_REFUSED;
    enum error e = initiator_errors[detail];
    return e == ERR_LOGIN_AUTH && !config->user[0] ? ERR_LOGIN_NO_METHOD : e;
}

/* The target declares or answers an operational key. */
static enum error take_key(u32 i, const char *text)
{
    const u32 bit = 1u << i;
    u32 v;
    if (answered & bit)
        return ERR_ISCSI_PROTOCOL;
    answered |= bit;
    if (i != KEY_MAX_RECV_DATA && !(offered & bit)) {
        text_put(&out, keys[i].name, "Reject");
        answered &= ~bit;
        return OK;
    }
    if (str_equal(text, "Reject") || str_equal(text, "Irrelevant") ||
        str_equal(text, "NotUnderstood"))
        return OK;
    if (str_equal(text, "Yes"))
        v = 1;
    else if (str_equal(text, "No") || str_equal(text, "None"))
        v = 0;
    else if (!text_number(text, keys[i].high, &v))
        return ERR_ISCSI_PROTOCOL;
    if (v < keys[i].low || v > keys[i].high)
        return ERR_ISCSI_PROTOCOL;
    value[i] = v;
    return OK;
}

static bool is_one_of(const char *key, const char *const *list, u32 count, u32 *index)
{
    for (u32 i = 0; i < count; i++)
        if (str_equal(key, list[i])) {
            *index = i;
            return true;
        }
    return false;
}

/* Take every pair of `in`; answers go to `out`. */
static enum error take_text(void)
{
    const char *at = in, *text;
    char key[TEXT_KEY];
    enum text_step step;
    memset(given, 0, sizeof(given));
    while ((step = text_next(&at, in + in_len, key, &text)) == TEXT_PAIR) {
        u32 i;
        if (stage == STAGE_SECURITY && is_one_of(key, security_keys, SECURITY_KEYS, &i)) {
            if (given[i])
                return ERR_ISCSI_PROTOCOL;
            given[i] = text;
            continue;
        }
        if (is_one_of(key, ignored_keys, ARRAY_SIZE(ignored_keys), &i))
            continue;
        if (str_equal(key, "TargetAddress")) {
            str_put(address, sizeof(address), text, strlen(text));
            continue;
        }
        for (i = 0; i < KEYS && !str_equal(key, keys[i].name); i++)
            ;
        if (i == KEYS) {
            if (!str_equal(text, "NotUnderstood"))
                text_put(&out, key, "NotUnderstood");
            continue;
        }
        enum error e = take_key(i, text);
        if (e)
            return e;
    }
    return step == TEXT_END ? OK : ERR_ISCSI_PROTOCOL;
}

/* A target that sends us our own challenge wants us to compute the answer that it lacks. */
static bool reflected(const u8 *theirs, u32 len)
{
    return len == OUR_CHALLENGE && chap_equal(theirs, challenge, OUR_CHALLENGE);
}

/* CHAP_I and CHAP_C are there: answer them, and challenge the target when it has to prove itself.
 */
static enum error answer_challenge(void)
{
    static u8 theirs[CHAP_CHALLENGE_MAX];
    u8 digest[MD5_DIGEST];
    char hex[2 * MD5_DIGEST + 3];
    u32 len, id;
    if (given[CHAP_A] && str_equal(given[CHAP_A], "Reject"))
        return ERR_LOGIN_NO_METHOD;
    if (!given[CHAP_A] || !text_number(given[CHAP_A], 255, &id) || id != CHAP_MD5)
        return ERR_LOGIN_NO_METHOD;
    if (!given[CHAP_I] || !given[CHAP_C] || !text_number(given[CHAP_I], 255, &id) ||
        !chap_decode(given[CHAP_C], theirs, sizeof(theirs), &len))
        return ERR_ISCSI_PROTOCOL;
    if (reflected(theirs, len))
        return ERR_LOGIN_TARGET_AUTH;
    chap_response((u8)id, config->secret, theirs, len, digest);
    text_put(&out, "CHAP_N", config->user);
    chap_encode(hex, digest, MD5_DIGEST);
    text_put(&out, "CHAP_R", hex);
    chap = true;
    if (!mutual) {
        security = SECURITY_DONE;
        return OK;
    }
    do {
        for (u32 i = 0; i < OUR_CHALLENGE; i += 4)
            put_be32(challenge + i, random_u32());
    } while (reflected(theirs, len));
    challenge_id = (u8)random_u32();
    text_put_number(&out, "CHAP_I", challenge_id);
    chap_encode(hex, challenge, OUR_CHALLENGE);
    text_put(&out, "CHAP_C", hex);
    security = WANT_PROOF;
    return OK;
}

/* The target's answer to our challenge. One that comes with a second challenge is refused, too, and
 * so is what we would have answered ourselves (RFC 7143, 9.2.1). */
static enum error check_proof(void)
{
    u8 want[MD5_DIGEST], got[MD5_DIGEST];
    u32 len;
    chap_response(challenge_id, config->reverse_secret, challenge, OUR_CHALLENGE, want);
    if (!given[CHAP_N] || !given[CHAP_R] || given[CHAP_C] || given[CHAP_I] ||
        !str_equal(given[CHAP_N], config->reverse_user) ||
        str_equal(config->secret, config->reverse_secret) ||
        !chap_decode(given[CHAP_R], got, sizeof(got), &len) || len != MD5_DIGEST ||
        !chap_equal(want, got, MD5_DIGEST))
        return ERR_LOGIN_TARGET_AUTH;
    security = SECURITY_DONE;
    return OK;
}

static enum error take_method(void)
{
    const char *method = given[AUTH_METHOD];
    if (!method)
        return OK; /* it has more to say first */
    if (str_equal(method, "CHAP")) {
        text_put_number(&out, "CHAP_A", CHAP_MD5);
        security = WANT_CHALLENGE;
    } else if (str_equal(method, "None")) {
        if (mutual)
            return ERR_LOGIN_TARGET_AUTH;
        security = SECURITY_DONE;
    } else {
        return ERR_LOGIN_NO_METHOD;
    }
    return OK;
}

static enum error security_step(void)
{
    switch (security) {
    case WANT_METHOD:
        return take_method();
    case WANT_CHALLENGE:
        return answer_challenge();
    case WANT_PROOF:
        return check_proof();
    default:
        return OK;
    }
}

/* Everything the target wanted to say is in `in`. */
static enum login_result complete(bool next_stage, enum error *why)
{
    clear_out();
    enum error e = take_text();
    in_len = 0;
    /* The request with our CHAP_R asks for the next stage, as in RFC 7143's examples (tgtd takes no
     * other way); a target that has to prove itself gets no further than here without it. */
    if (!e && stage == STAGE_SECURITY && (!next_stage || security == WANT_PROOF)) {
        e = security_step();
        transit = security >= WANT_PROOF;
    }
    if (!e && next_stage) {
        if (stage == STAGE_OPERATIONAL) {
            params = (struct iscsi_params){
                .max_send_data = value[KEY_MAX_RECV_DATA],
                .max_burst = value[KEY_MAX_BURST],
                .first_burst = min_u32(value[KEY_FIRST_BURST], value[KEY_MAX_BURST]),
                .max_r2t = value[KEY_MAX_R2T],
                .initial_r2t = value[KEY_INITIAL_R2T],
                .immediate = value[KEY_IMMEDIATE],
            };
            return LOGIN_DONE;
        }
        offer_operational();
    }
    if (!e && out.overflow)
        e = ERR_ISCSI_PROTOCOL;
    *why = e;
    return e ? LOGIN_FAILED : LOGIN_MORE;
}

enum login_result login_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, enum error *why)
{
    const u8 class = bhs[LOGIN_STATUS], flags = bhs[BHS_FLAGS];
    const bool next_stage = flags & LOGIN_TRANSIT, more = flags & LOGIN_CONTINUE;
    *why = ERR_ISCSI_PROTOCOL;
    /* While we have not said all, the target only nods. */
    if (len > sizeof(in) - in_len || (sent < out.len && !target_continues && (len || more)))
        return LOGIN_FAILED;
    memcpy(in + in_len, data, len);
    in_len += len;
    if (class == 1) {
        take_text();
        *why = ERR_LOGIN_REFUSED;
        return address[0] ? LOGIN_REDIRECT : LOGIN_FAILED;
    }
    if (class) {
        *why = status_error(class, bhs[LOGIN_STATUS + 1]);
        return LOGIN_FAILED;
    }
    /* The target may only go where we wanted to go, and not while either side has more to say. */
    u8 next = stage == STAGE_SECURITY ? STAGE_OPERATIONAL : STAGE_FULL_FEATURE;
    if (get_be32(bhs + BHS_ITT) != itt || (flags >> 2 & 3) != stage ||
        memcmp(bhs + LOGIN_ISID, config->isid, sizeof(config->isid)) != 0 ||
        (next_stage && (!transit || more || sent < out.len || (flags & 3) != next)) ||
        (next_stage && next == STAGE_FULL_FEATURE && !get_be16(bhs + LOGIN_TSIH)))
        return LOGIN_FAILED;
    if (++exchanges > MAX_EXCHANGES)
        return LOGIN_FAILED;
    target_continues = more;
    if (more || sent < out.len)
        return LOGIN_MORE;
    return complete(next_stage, why);
}

const struct iscsi_params *login_params(void)
{
    return &params;
}

bool login_used_chap(void)
{
    return chap;
}

const char *login_redirect(void)
{
    return address;
}

void login_wipe(void)
{
    wipe(in, sizeof(in));
    wipe(out_text, sizeof(out_text));
    wipe(challenge, sizeof(challenge));
}
