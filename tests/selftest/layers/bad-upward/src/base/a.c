#include "base/a.h"
#include "crypto/k.h"
