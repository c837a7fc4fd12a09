#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

/*
 * Ownership by scope: a local declared with cleanup(fn) is released when it
 * leaves its scope; take(p) moves it out. Raw allocation happens only inside
 * constructors whose prototypes carry OWNED() (STYLE.md, Ownership).
 */
#define cleanup(fn) __attribute__((cleanup(fn)))

#define take(p) \
	__extension__({ \
		__typeof__(p) taken_ = (p); \
		(p) = NULL; \
		taken_; \
	})

#define DEFINE_CLEANUP(type, name) \
	static inline void name##p(type *p) /* NOLINT(bugprone-macro-parentheses): a type */ \
	{ \
		if (*p) \
			name(*p); \
	}

#if defined(__GNUC__) && !defined(__clang__)
#define OWNED(free_fn) __attribute__((malloc, malloc(free_fn, 1), warn_unused_result))
#else
#define OWNED(free_fn) __attribute__((warn_unused_result))
#endif

#endif
