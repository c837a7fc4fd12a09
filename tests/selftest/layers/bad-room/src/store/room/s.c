#include "http/room/h.h"
