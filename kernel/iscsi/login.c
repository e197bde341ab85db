/* The login phase: its requests and responses, and from stage to stage. */
#include "base/arith.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/str.h"
#include "iscsi/conn.h"
#include "iscsi/login_internal.h"
#include "san/disks.h"

#define STAGE_SECURITY     0
#define STAGE_OPERATIONAL  1
#define STAGE_FULL_FEATURE 3

#define PAIR_SIZE          4096 /* the longest that a target may say: CHAP_C's take 2 KiB */
#define TEXT_SIZE          8192 /* what we may say before it answers */
#define MAX_EXCHANGES      256

static struct login {
    const struct iscsi_config *config;
    struct iscsi_params params;
    u8 stage;
    bool transit; /* the request under way asks for the next stage */
    bool discovery;
    bool target_continues;
    u32 exchanges;
    u32 itt;
    struct text_out out;
    u32 sent; /* bytes of out that went into requests */
    u32 in_len;
    char in[PAIR_SIZE]; /* of the target's text: what is still to be taken */
    char out_text[TEXT_SIZE], address[LOGIN_ADDRESS];
} logins[SAN_DISKS], *login = logins;

void login_select(u32 disk)
{
    login = &logins[disk];
    login_security_select(disk);
    login_keys_select(disk);
}

static void clear_out(void)
{
    login->out = (struct text_out){login->out_text, sizeof(login->out_text), 0, false};
    login->sent = 0;
}

static void offer_operational(void)
{
    login->stage = STAGE_OPERATIONAL;
    login->transit = true;
    login_keys_offer(login->discovery, &login->out);
}

void login_start(const struct iscsi_config *c, const char *target, bool with_security)
{
    login->config = c;
    login->discovery = !target;
    login->target_continues = false;
    login->exchanges = login->in_len = 0;
    login->itt = random_u32() & ~1u;
    login->address[0] = 0;
    login_keys_start(login->config->digest);
    login_keys_get(&login->params);
    clear_out();
    text_put(&login->out, "InitiatorName", login->config->initiator);
    text_put(&login->out, "SessionType", login->discovery ? "Discovery" : "Normal");
    if (target)
        text_put(&login->out, "TargetName", target);
    login->stage = STAGE_SECURITY;
    if (login_security_start(login->config, with_security, &login->out))
        login->transit = login_security_ends();
    else
        offer_operational();
}

u32 login_request(u8 bhs[BHS_SIZE], const char **data)
{
    u32 limit = min_u32(login->params.max_send_data, PDU_MAX_LOGIN_DATA);
    u32 n = login->target_continues ? 0 : min_u32(login->out.len - login->sent, limit);
    *data = login->out_text + login->sent;
    login->sent += n;
    u8 next = login->stage == STAGE_SECURITY ? STAGE_OPERATIONAL : STAGE_FULL_FEATURE;
    u8 flags = (u8)(login->stage << 2);
    if (login->sent < login->out.len)
        flags |= login->target_continues ? 0 : LOGIN_CONTINUE;
    else if (login->transit && !login->target_continues)
        flags |= LOGIN_TRANSIT | next;
    memset(bhs, 0, BHS_SIZE);
    bhs[BHS_OPCODE] = OPCODE_LOGIN_REQ | OPCODE_IMMEDIATE;
    bhs[BHS_FLAGS] = flags;
    memcpy(bhs + LOGIN_ISID, login->config->isid, sizeof(login->config->isid));
    put_be32(bhs + BHS_ITT, login->itt);
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
    if (login->stage == STAGE_SECURITY && login_security_take(key, text, &e))
        return e;
    if (!str_equal(key, "TargetAddress"))
        return login_keys_take(key, text, &login->out);
    str_put(login->address, sizeof(login->address), text, strlen(text));
    return OK;
}

/* Take the whole pairs of `in`; answers go to `out`. */
static enum error take_pairs(void)
{
    const char *at = login->in, *text;
    char key[TEXT_KEY];
    u32 whole = login->in_len;
    enum text_step step = TEXT_END;
    enum error e = OK;
    while (whole && login->in[whole - 1])
        whole--;
    while (!e && (step = text_next(&at, login->in + whole, key, &text)) == TEXT_PAIR)
        e = take_pair(key, text);
    login->in_len -= whole;
    memmove(login->in, login->in + whole, login->in_len);
    return step == TEXT_BAD ? ERR_ISCSI_PROTOCOL : e;
}

/* A piece of the target's text, of which all but an unfinished pair is taken at once: RFC
 * 7143, 6.2, allows it 16 KiB, and 64 KiB for some methods. */
static enum error take_text(const u8 *data, u32 len)
{
    enum error e;
    do {
        u32 n = min_u32(len, sizeof(login->in) - login->in_len);
        memcpy(login->in + login->in_len, data, n);
        login->in_len += n;
        data += n;
        len -= n;
        e = take_pairs();
    } while (!e && len && login->in_len < sizeof(login->in));
    login_keys_get(&login->params);
    return len && !e ? ERR_ISCSI_PROTOCOL : e;
}

/* The target has said everything that it wanted to. */
static enum login_result complete(bool next_stage, enum error *why)
{
    enum error e = login->in_len ? ERR_ISCSI_PROTOCOL : OK; /* a pair has no end */
    /* The request with our CHAP_R asks for the next stage, as in RFC 7143's examples (tgtd takes no
     * other way); a target that has to prove itself gets no further than here without it. */
    if (!e && login->stage == STAGE_SECURITY) {
        e = login_security_step(next_stage, &login->out);
        login->transit = login_security_ends();
    }
    if (!e && next_stage && login->stage == STAGE_OPERATIONAL) {
        *why = login_keys_end(login->discovery);
        return *why ? LOGIN_FAILED : LOGIN_DONE;
    }
    if (!e && next_stage)
        offer_operational();
    if (!e && login->out.overflow)
        e = ERR_ISCSI_PROTOCOL;
    *why = e;
    return e ? LOGIN_FAILED : LOGIN_MORE;
}

/* gotgt leaves ISID and TSIH 0, jSCSI makes an ISID of its own. No request of ours carries a TSIH,
 * and the answer is known by its tag on a connection that nobody else is on. */
static void count_slips(const u8 bhs[BHS_SIZE], bool last)
{
    iscsi_stats.login_isid +=
        memcmp(bhs + LOGIN_ISID, login->config->isid, sizeof(login->config->isid)) != 0;
    iscsi_stats.login_tsih += last && !get_be16(bhs + LOGIN_TSIH);
}

enum login_result login_response(const u8 bhs[BHS_SIZE], const u8 *data, u32 len, enum error *why)
{
    const u8 class = bhs[LOGIN_STATUS], flags = bhs[BHS_FLAGS];
    const bool next_stage = flags & LOGIN_TRANSIT, more = flags & LOGIN_CONTINUE;
    const bool we_continue = login->sent < login->out.len && !login->target_continues;
    *why = ERR_ISCSI_PROTOCOL;
    /* While we have not said all, the target only nods. */
    if (we_continue && (len || more))
        return LOGIN_FAILED;
    if (class > 1) {
        *why = status_error(class, bhs[LOGIN_STATUS + 1]);
        return LOGIN_FAILED;
    }
    /* The target may only go where we wanted to go, and not while either side has more to say. */
    u8 next = login->stage == STAGE_SECURITY ? STAGE_OPERATIONAL : STAGE_FULL_FEATURE;
    if (!class && (get_be32(bhs + BHS_ITT) != login->itt || (flags >> 2 & 3) != login->stage ||
                   (next_stage && (!login->transit || more || we_continue || (flags & 3) != next))))
        return LOGIN_FAILED;
    if (!we_continue && !login->target_continues) {
        clear_out();
        login_security_next();
    }
    enum error e = take_text(data, len);
    if (class) {
        *why = ERR_LOGIN_REFUSED;
        return login->address[0] ? LOGIN_REDIRECT : LOGIN_FAILED;
    }
    count_slips(bhs, next_stage && next == STAGE_FULL_FEATURE);
    if (e || ++login->exchanges > MAX_EXCHANGES) {
        *why = e ? e : ERR_ISCSI_PROTOCOL;
        return LOGIN_FAILED;
    }
    login->target_continues = more;
    return more || we_continue ? LOGIN_MORE : complete(next_stage, why);
}

const struct iscsi_params *login_params(void)
{
    return &login->params;
}

const char *login_redirect(void)
{
    return login->address;
}

void login_wipe(void)
{
    wipe(login->in, sizeof(login->in));
    wipe(login->out_text, sizeof(login->out_text));
    login_security_wipe();
}
