int f(void) { return strcpy (1); }
