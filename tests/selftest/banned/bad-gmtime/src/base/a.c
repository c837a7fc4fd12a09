int f(void) { return gmtime (1); }
