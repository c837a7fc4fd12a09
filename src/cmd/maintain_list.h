#ifndef CMD_MAINTAIN_LIST_H
#define CMD_MAINTAIN_LIST_H

/*
 * Prints the jobs, and how each stands where the database can be asked; where not, stderr says why.
 * Returns the exit status.
 */
int maintain_list(const char *config);

#endif
