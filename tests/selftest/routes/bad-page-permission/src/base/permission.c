static const char *const names[] = {
	[RESOURCE_SCEP_PROFILES] = { "scepProfiles", "Scep Profiles" },
	[RESOURCE_RA_PROFILES] = { "raProfiles", "Ra Profiles" },
	[ACTION_LIST] = { "list", "List" },
	[ACTION_ENABLE] = { "enable", "Enable" },
};
