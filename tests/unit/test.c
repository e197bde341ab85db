/* The main() of the unit tests: run those that have registered themselves, or those whose names
 * contain one of the arguments. */
#include "test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TESTS_MOST 256

struct test {
    const char *name;
    test_step *setup, *body, *teardown;
};

static struct test tests[TESTS_MOST], of_file;
static size_t count;

void test_fixture(test_step *const fixture[2])
{
    of_file.setup = fixture[0];
    of_file.teardown = fixture[1];
}

void test_register(const char *name, test_step *body, test_step *const fixture[2])
{
    if (count == TESTS_MOST)
        abort();
    struct test *t = &tests[count++];
    *t = of_file;
    t->name = name;
    t->body = body;
    if (fixture) {
        t->setup = fixture[0];
        t->teardown = fixture[1];
    }
}

static int set_up(void **state)
{
    const struct test *t = *state;
    if (t->setup)
        t->setup();
    return 0;
}

static void run(void **state)
{
    const struct test *t = *state;
    t->body();
}

static int tear_down(void **state)
{
    const struct test *t = *state;
    if (t->teardown)
        t->teardown();
    return 0;
}

static bool asked_for(const char *name, char *const *words)
{
    if (!*words)
        return true;
    while (*words && !strstr(name, *words))
        words++;
    return *words;
}

int main(int argc, char **argv)
{
    struct CMUnitTest chosen[TESTS_MOST];
    size_t n = 0;
    (void)argc;
    for (size_t i = 0; i < count; i++)
        if (asked_for(tests[i].name, argv + 1))
            chosen[n++] = (struct CMUnitTest){tests[i].name, run, set_up, tear_down, &tests[i]};
    if (!n) {
        fprintf(stderr, "%s: no such test\n", argv[0]);
        return EXIT_FAILURE;
    }
    /* What cmocka_run_group_tests() calls, which takes the number from the size of a table. */
    return _cmocka_run_group_tests("tests", chosen, n, NULL, NULL);
}
