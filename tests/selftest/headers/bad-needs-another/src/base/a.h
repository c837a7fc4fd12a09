size_t a_count(void);
