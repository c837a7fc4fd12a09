int f(void) { goto out; out: return 1; }
