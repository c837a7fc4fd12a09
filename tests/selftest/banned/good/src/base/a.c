/* strcpy(a, b) and goto are named here only; so is "sprintf(" below. */
#include "base/a.h"
static const char text[] = "sprintf(1) \" goto ";
size_t a_count(void) { return my_rand() + operand(1) + gmtime_r(0, 0) + sizeof(text); }
