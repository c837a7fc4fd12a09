/* "crypto/up.h" in a comment is no include. */
#include "base/a.h"
