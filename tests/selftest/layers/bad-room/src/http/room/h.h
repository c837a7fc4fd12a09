#ifndef HTTP_ROOM_H_H
#define HTTP_ROOM_H_H
int h_count(void);
#endif
