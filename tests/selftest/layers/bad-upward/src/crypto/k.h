size_t k_count(void);
