int f(void) { return mktemp (1); }
