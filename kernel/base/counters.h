/* Everything that is counted has a name, and is shown here: nobody but a person ever reads it. Who
 * counts does so in a struct of its own, which a list declares, so that a name stands once:
 *
 *     #define X_STATS(X) X(bad) X(retries)
 *     struct x_stats {
 *         X_STATS(COUNTERS_FIELD)
 *     };
 *     counters_register(X_STATS(COUNTERS_NAME), (u32 *)&x_stats, sizeof(x_stats));
 */
#ifndef LUNBOOT_COUNTERS_H
#define LUNBOOT_COUNTERS_H

#include "base/types.h"

#define COUNTERS_FIELD(name) u32 name;
#define COUNTERS_NAME(name)  #name "\0"

/* Show these, too: the names one after the other, each with its 0, and as many values, `bytes`
 * bytes of them. Both stay the caller's and must stay valid. Names that are there already get these
 * values in place of their own. */
void counters_register(const char *names, const u32 *values, u32 bytes);

/* Put those that are not 0 into text, of size > 1 bytes, as "name value, name value": beginning
 * with the number `from`, as many as fit whole, though one at least. Returns the `from` to go on
 * with; 0: there are no more. When there is none at all the text says so. */
u32 counters_text(char *text, size_t size, u32 from);

/* Print all that are not 0, in lines of at most 79 columns. Does nothing but read memory, and thus
 * works in an exception as well. */
void counters_print(void);

#endif
