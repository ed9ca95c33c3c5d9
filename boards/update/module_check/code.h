/**
 * The bodies of a module under check, by the algorithm of the appendix of Core Specification 1.0: types on
 * the stack, branches, calls.
 */
#ifndef ISNKIT_MODULE_CHECK_CODE_H
#define ISNKIT_MODULE_CHECK_CODE_H

/** Reads the code section. */
void read_code(void);
/** Calls that come back to their caller could use up the stack of the interpreter. */
void forbid_recursion(void);

#endif
