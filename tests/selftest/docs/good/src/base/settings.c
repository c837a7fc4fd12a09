static const struct config_key keys[] = {
	{ .section = "", .name = "ValidityPeriodDays", .type = CONFIG_NUMBER },
	{ .section = "DbCSRValidation",
	    .name = "ValidityPeriodDays", .type = CONFIG_NUMBER },
};
