#include "store/room/r.h"

#include "base/a.h"
