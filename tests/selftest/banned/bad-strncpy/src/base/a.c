int f(void) { return strncpy (1); }
