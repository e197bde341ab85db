/* The login phase: its requests and responses, and from stage to stage. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/login_internal.h"

#define STAGE_SECURITY     0
#define STAGE_OPERATIONAL  1
#define STAGE_FULL_FEATURE 3

#define PAIR_SIZE          4096 /* the longest that a target may say: CHAP_C's take 2 KiB */
#define TEXT_SIZE          8192 /* what we may say before it answers */
#define MAX_EXCHANGES      256

static const struct iscsi_config *config;
static struct iscsi_params params;
static u8 stage;
static bool transit; /* the request under way asks for the next stage */
static bool discovery;
static u32 exchanges;
static u32 itt;
static char in[PAIR_SIZE]; /* of the target's text: what is still to be taken */
static u32 in_len;
static char out_text[TEXT_SIZE], address[LOGIN_ADDRESS];
static struct text_out out;
static u32 sent; /* bytes of out that went into requests */
static bool target_continues;

static void clear_out(void)
{
    out = (struct text_out){out_text, sizeof(out_text), 0, false};
    sent = 0;
}

static void offer_operational(void)
{
    stage = STAGE_OPERATIONAL;
    transit = true;
    login_keys_offer(discovery, &out);
}

void login_start(const struct iscsi_config *c, const char *target, bool with_security)
{
    config = c;
    discovery = !target;
    target_continues = false;
    exchanges = in_len = 0;
    itt = random_u32() & ~1u;
    address[0] = 0;
    login_keys_start(config->digest);
    login_keys_get(&params);
    clear_out();
    text_put(&out, "InitiatorName", config->initiator);
    text_put(&out, "SessionType", discovery ? "Discovery" : "Normal");
    if (target)
        text_put(&out, "TargetName", target);
    stage = STAGE_SECURITY;
    if (login_security_start(config, with_security, &out))
        transit = login_security_ends();
    else
        offer_operational();
}

u32 login_request(u8 bhs[BHS_SIZE], const char **data)
{
    u32 limit = min_u32(params.max_send_data, PDU_MAX_LOGIN_DATA);
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
    return login_security_refused(initiator_errors[detail]);
}

static enum error take_pair(const char *key, const char *text)
{
    enum error e = OK;
    if (stage == STAGE_SECURITY && login_security_take(key, text, &e))
        return e;
    if (!str_equal(key, "TargetAddress"))
        return login_keys_take(key, text, &out);
    str_put(address, sizeof(address), text, strlen(text));
    return OK;
}

/* Take the whole pairs of `in`; answers go to `out`. */
static enum error take_pairs(void)
{
    const char *at = in, *text;
    char key[TEXT_KEY];
    u32 whole = in_len;
    enum text_step step = TEXT_END;
    enum error e = OK;
    while (whole && in[whole - 1])
        whole--;
    while (!e && (step = text_next(&at, in + whole, key, &text)) == TEXT_PAIR)
        e = take_pair(key, text);
    in_len -= whole;
    memmove(in, in + whole, in_len);
    return step == TEXT_BAD ? ERR_ISCSI_PROTOCOL : e;
}

/* A piece of the target's text, of which all but an unfinished pair is taken at once: RFC
 * 7143, 6.2, allows it 16 KiB, and 64 KiB for some methods. */
static enum error take_text(const u8 *data, u32 len)
{
    enum error e;
    do {
        u32 n = min_u32(len, sizeof(in) - in_len);
        memcpy(in + in_len, data, n);
        in_len += n;
        data += n;
        len -= n;
        e = take_pairs();
    } while (!e && len && in_len < sizeof(in));
    login_keys_get(&params);
    return len && !e ? ERR_ISCSI_PROTOCOL : e;
}

/* The target has said everything that it wanted to. */
static enum login_result complete(bool next_stage, enum error *why)
{
    enum error e = in_len ? ERR_ISCSI_PROTOCOL : OK; /* a pair has no end */
    /* The request with our CHAP_R asks for the next stage, as in RFC 7143's examples (tgtd takes no
     * other way); a target that has to prove itself gets no further than here without it. */
    if (!e && stage == STAGE_SECURITY) {
        e = login_security_step(next_stage, &out);
        transit = login_security_ends();
    }
    if (!e && next_stage && stage == STAGE_OPERATIONAL) {
        *why = login_keys_end(discovery);
        return *why ? LOGIN_FAILED : LOGIN_DONE;
    }
    if (!e && next_stage)
        offer_operational();
    if (!e && out.overflow)
        e = ERR_ISCSI_PROTOCOL;
    *why = e;
    return e ? LOGIN_FAILED : LOGIN_MORE;
}

/* gotgt leaves ISID and TSIH 0, jSCSI makes an ISID of its own. No request of ours carries a TSIH,
 * and the answer is known by its tag on a connection that nobody else is on. */
static void count_slips(const u8 bhs[BHS_SIZE], bool last)
{
    iscsi_stats.login_isid += memcmp(bhs + LOGIN_ISID, config->isid, sizeof(config->isid)) != 0;
    iscsi_stats.login_tsih += last && !get_be16(bhs + LOGIN_TSIH);
}

enum login_result login_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, enum error *why)
{
    const u8 class = bhs[LOGIN_STATUS], flags = bhs[BHS_FLAGS];
    const bool next_stage = flags & LOGIN_TRANSIT, more = flags & LOGIN_CONTINUE;
    const bool we_continue = sent < out.len && !target_continues;
    *why = ERR_ISCSI_PROTOCOL;
    /* While we have not said all, the target only nods. */
    if (we_continue && (len || more))
        return LOGIN_FAILED;
    if (class > 1) {
        *why = status_error(class, bhs[LOGIN_STATUS + 1]);
        return LOGIN_FAILED;
    }
    /* The target may only go where we wanted to go, and not while either side has more to say. */
    u8 next = stage == STAGE_SECURITY ? STAGE_OPERATIONAL : STAGE_FULL_FEATURE;
    if (!class && (get_be32(bhs + BHS_ITT) != itt || (flags >> 2 & 3) != stage ||
                   (next_stage && (!transit || more || we_continue || (flags & 3) != next))))
        return LOGIN_FAILED;
    if (!we_continue && !target_continues) {
        clear_out();
        login_security_next();
    }
    enum error e = take_text(data, len);
    if (class) {
        *why = ERR_LOGIN_REFUSED;
        return address[0] ? LOGIN_REDIRECT : LOGIN_FAILED;
    }
    count_slips(bhs, next_stage && next == STAGE_FULL_FEATURE);
    if (e || ++exchanges > MAX_EXCHANGES) {
        *why = e ? e : ERR_ISCSI_PROTOCOL;
        return LOGIN_FAILED;
    }
    target_continues = more;
    return more || we_continue ? LOGIN_MORE : complete(next_stage, why);
}

const struct iscsi_params *login_params(void)
{
    return &params;
}

const char *login_redirect(void)
{
    return address;
}

void login_wipe(void)
{
    wipe(in, sizeof(in));
    wipe(out_text, sizeof(out_text));
    login_security_wipe();
}
