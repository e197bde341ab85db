/* What the files of the login share: the calls between them, which go down this list. Nobody else
 * includes this. Answers to the target go to `out`, for the next request.
 *
 *   login.c            requests and responses, stages, what a status means
 *   login_security.c   the security stage: which method, and CHAP
 *   login_keys.c       the operational keys */
#ifndef LUNBOOT_ISCSI_LOGIN_INTERNAL_H
#define LUNBOOT_ISCSI_LOGIN_INTERNAL_H

#include "iscsi/login.h"
#include "iscsi/text.h"

/* ---- login_security.c ---- */

/* What follows is about this disk (san/disks.h). */
void login_security_select(u32 disk);

/* Begin with the offer of methods. False: who we are needs none, nor does the caller, and the stage
 * is left out. */
bool login_security_start(const struct iscsi_config *config, bool needed, struct text_out *out);

/* The target's next answer begins. */
void login_security_next(void);

/* A pair of it, which is copied. False: it is not of this stage. *e is set when it may not be
 * there, or is longer than any can be. */
bool login_security_take(const char *key, const char *text, enum error *e);

/* What follows from the answer's pairs. next_stage: the answer goes on to the next stage. */
enum error login_security_step(bool next_stage, struct text_out *out);

/* May the stage end with the target's next answer? The request asks for the next stage then: when
 * the target's proof is all that is missing, or not even that; and from the start where None will
 * do, since LIO answers an empty request that comes after its None with silence. */
bool login_security_ends(void);

/* What a target means that refuses to let us in for this, which may be who we are, or what we say
 * of it. */
enum error login_security_refused(enum error e);

void login_security_wipe(void);

/* ---- login_keys.c ---- */

/* What follows is about this disk (san/disks.h). */
void login_keys_select(u32 disk);

/* Back to the RFC's defaults. */
void login_keys_start(enum iscsi_digest digest);

/* Offer all; in a discovery session those that are not about SCSI commands. No digests either:
 * targets were seen that agree to them there and then can't (EMC's VNX). */
void login_keys_offer(bool discovery, struct text_out *out);

/* The target declares, answers or offers a key, one of those or any other. */
enum error login_keys_take(const char *key, const char *text, struct text_out *out);

/* The target has said all. ERR_LOGIN_DIGEST: those digests will not do. */
enum error login_keys_end(bool discovery);

/* What holds now. */
void login_keys_get(struct iscsi_params *params);

#endif
