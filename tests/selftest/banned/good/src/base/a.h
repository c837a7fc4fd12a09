#ifndef BASE_A_H
#define BASE_A_H
#include <stddef.h>
size_t a_count(void);
#endif
