/* Unit tests on cmocka. TEST(name) { ... } is one; those of a program run in the order of their
 * lines. A file whose tests begin and end alike says so once: FIXTURE(setup, teardown). */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef void test_step(void);

/* What runs before and after each TEST of this file; the teardown may be left out. */
#define FIXTURE(...)                                                                               \
    static __attribute__((constructor(999))) void fixture_of_file(void)                            \
    {                                                                                              \
        test_fixture((test_step *const[2]){__VA_ARGS__});                                          \
    }                                                                                              \
    static void fixture_of_file(void)

/* A test within the file's fixture. */
#define TEST(name)           TEST_IN(name, NULL)

/* A test with its own instead: TEST_WITH(name, setup, teardown), TEST_WITH(name, setup), or NULL
 * for none. */
#define TEST_WITH(name, ...) TEST_IN(name, ((test_step *const[2]){__VA_ARGS__}))

#define TEST_IN(name, fixture)                                                                     \
    static void name(void);                                                                        \
    static __attribute__((constructor(1000 + __LINE__))) void register_##name(void)                \
    {                                                                                              \
        test_register(#name, name, fixture);                                                       \
    }                                                                                              \
    static void name(void)

/* For the macros: `fixture` is a setup and a teardown, copied, each NULL when there is none. */
void test_fixture(test_step *const fixture[2]);
void test_register(const char *name, test_step *body, test_step *const fixture[2]);

#endif
