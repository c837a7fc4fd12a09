#ifndef STORE_ROOM_R_H
#define STORE_ROOM_R_H
int r_count(void);
#endif
