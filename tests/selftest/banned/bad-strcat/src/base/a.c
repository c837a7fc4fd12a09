int f(void) { return strcat (1); }
